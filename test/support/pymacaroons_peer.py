"""Speaks for pymacaroons. Reads one JSON request from stdin, writes one JSON answer to stdout."""

import json
import sys

sys.path.insert(0, sys.argv[1])

from pymacaroons import MACAROON_V1, MACAROON_V2, Macaroon, Verifier  # noqa: E402
from pymacaroons.exceptions import MacaroonException  # noqa: E402
from pymacaroons.serializers import JsonSerializer  # noqa: E402


def verify(request):
    """Whether the chain of a token holds, every one of its caveats taken as satisfied."""
    macaroon = Macaroon.deserialize(request["token"])
    verifier = Verifier()
    verifier.satisfy_general(lambda predicate: True)
    try:
        verified = verifier.verify(macaroon, bytes.fromhex(request["key"]))
    except MacaroonException:
        verified = False
    return {
        "verified": verified,
        "identifier": macaroon.identifier_bytes.decode(),
        "caveats": [caveat.caveat_id_bytes.decode() for caveat in macaroon.caveats],
    }


def mint(request):
    """One macaroon in every form that the library writes."""
    forms = {}
    for version, name in ((MACAROON_V1, "v1"), (MACAROON_V2, "v2")):
        macaroon = Macaroon(
            location="https://mint.example",
            identifier=request["identifier"],
            key=bytes.fromhex(request["key"]),
            version=version,
        )
        for caveat in request["caveats"]:
            macaroon.add_first_party_caveat(caveat)
        forms[name] = macaroon.serialize()
        forms[name + "-json"] = macaroon.serialize(serializer=JsonSerializer())
    return forms


request = json.load(sys.stdin)
json.dump({"verify": verify, "mint": mint}[request["do"]](request), sys.stdout)
