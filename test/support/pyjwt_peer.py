"""Speaks for PyJWT. Reads one JSON request from stdin, writes one JSON answer to stdout."""

import json
import sys

sys.path.insert(0, sys.argv[1])

import jwt  # noqa: E402


def verify(request):
    """The claims of a token, verified by the key of the set that its kid names; or the name of the error."""
    token = request["token"]
    try:
        header = jwt.get_unverified_header(token)
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(request["jwks"]).keys}
        key = keys[header["kid"]]
        claims = jwt.decode(
            token,
            key,
            algorithms=[request["alg"]],
            audience=request["audience"],
            issuer=request["issuer"],
            options={"require": request["require"]},
        )
    except (jwt.PyJWTError, KeyError) as error:
        return {"error": type(error).__name__}
    return {"typ": header.get("typ"), "claims": claims}


request = json.load(sys.stdin)
json.dump([verify({**request["common"], **one}) for one in request["tokens"]], sys.stdout)
