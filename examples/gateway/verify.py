"""Offline verification of a macaroon in a gateway: pymacaroons for the chain, the rest as docs/tokens.md says.

Keys and revocations come from the mint: GET /api/mint/keys and /api/mint/revocations.
"""

import base64
import hashlib
import hmac
import json
import re
from datetime import datetime, timezone

from pymacaroons import Macaroon, Verifier

OPERATORS = {
    "time": ("<", ">="),
    "aud": ("=",),
    "scope": ("=", "in"),
    "tool": ("=", "in"),
    "method": ("=", "in"),
    "path": ("=", "in"),
    "budget_credits": ("<=",),
}


class Refused(Exception):
    """The call must be refused."""


def verify(token, audience, keys, revocations, now, call):
    """Who calls, and which accounts the call draws on. Raises on anything that is wrong.

    audience of the resource; keys and revocations as the mint gives them (`keys`, `entries`); now in seconds;
    call: a dict of scope, tool, method, path, cost, each only where there is one.
    """
    now = int(now)
    if len(token) > 8192:
        raise Refused("too large")
    macaroon = Macaroon.deserialize(token)
    identifier = json.loads(macaroon.identifier_bytes)
    if identifier["v"] != 1 or identifier["aud"] != audience:
        raise Refused("for another resource")
    key = next((k["key"] for k in keys if k["kid"] == identifier["kid"]), None)
    if key is None:
        raise Refused("unknown key")
    root_key = base64.urlsafe_b64decode(key + "=")
    if len(macaroon.caveats) > 64 or any(c.verification_key_id for c in macaroon.caveats):
        raise Refused("caveats")
    verifier = Verifier()
    verifier.satisfy_general(lambda text: True)  # only the chain here; the caveats are judged below
    if not verifier.verify(macaroon, root_key):
        raise Refused("signature")
    texts = [c.caveat_id_bytes.decode("ascii") for c in macaroon.caveats]

    n = identifier["n"]
    caveats = [parse(text) for text in texts]
    facts = {}
    for position, caveat in enumerate(caveats):
        judge(caveat, position < n, facts, audience, now, call)
    bounded = any(t.startswith("time < ") for t in texts[:n]) and f"aud = {audience}" in texts[:n]
    if len(texts) < n or not bounded or facts.get("tenant") != identifier["ten"]:
        raise Refused("unbounded")

    values = chain(root_key, macaroon.identifier_bytes, texts)
    if any(kills(entry, identifier, values, now) for entry in revocations):
        raise Refused("revoked")
    return {
        "subject": identifier["sub"],
        "tenant": identifier["ten"],
        "attributes": facts,
        "accounts": accounts(identifier, caveats, values),
    }


def parse(text):
    parts = re.fullmatch(r"([a-z][a-z0-9_.]{0,62}) (=|<|<=|>=|in) ([!-~](?:[ -~]*[!-~])?)", text)
    if not parts or len(text) > 1024:
        raise Refused("not a caveat")
    key, operator, value = parts.groups()
    if operator not in OPERATORS.get(key, ("=",) if key == "note" else ("=", "in")):
        raise Refused("operator of " + key)
    if key == "time":
        return key, operator, parse_time(value)
    if key == "budget_credits":
        if not re.fullmatch("0|[1-9][0-9]{0,15}", value) or int(value) > 2**53 - 1:
            raise Refused("credits")
        return key, operator, int(value)
    items = value.split(",") if operator == "in" else [value]
    if any(item == "" or item.strip(" ") != item for item in items):
        raise Refused("items")
    return key, operator, items


def parse_time(text):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", text):
        raise Refused("time")
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())


def judge(caveat, is_issuers, facts, audience, now, call):
    key, operator, value = caveat
    if key == "note":
        return
    if key not in OPERATORS:
        if is_issuers:
            holds = operator == "=" and key not in facts
            facts[key] = value[0]
        else:
            holds = facts.get(key) in value
    elif key == "time":
        holds = now < value if operator == "<" else now >= value
    elif key == "budget_credits":
        holds = "cost" not in call or (type(call["cost"]) is int and 0 <= call["cost"] <= value)
    else:
        holds = (audience if key == "aud" else call.get(key)) in value
    if not holds:
        raise Refused(f"the caveat on {key} does not hold")


def chain(root_key, identifier, texts):
    """Every value of the chain. Each is a live credential: never log or store one."""
    value = hmac.digest(hmac.digest(b"macaroons-key-generator", root_key, "sha256"), identifier, "sha256")
    values = [value]
    for text in texts:
        value = hmac.digest(value, text.encode("ascii"), "sha256")
        values.append(value)
    return values


def kills(entry, identifier, values, now):
    if entry["tenant"] not in (None, identifier["ten"]):
        return False
    if entry["issuedBefore"] is not None and identifier["iat"] > entry["issuedBefore"]:
        return False
    if entry["expiresAt"] is not None and now > entry["expiresAt"]:
        return False
    if entry["by"] == "derivedFrom":
        return any(encode(hashlib.sha256(v).digest()) == entry["value"] for v in values)
    member = {"token": "jti", "grant": "gid", "agent": "agt", "policy": "pol"}[entry["by"]]
    return identifier[member] == entry["value"]


def accounts(identifier, caveats, values):
    grant = {"id": identifier["gid"]}
    found = [grant]
    for position, (key, _, value) in enumerate(caveats):
        if key != "budget_credits":
            continue
        if position < identifier["n"]:
            grant["limit"] = min(grant.get("limit", value), value)
        else:
            digest = hashlib.sha256(b"acct/1" + values[position + 1]).digest()
            found.append({"id": encode(digest[:16]), "limit": value})
    return found


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
