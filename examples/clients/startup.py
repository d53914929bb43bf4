# Init container or agent startup
import requests, os

# Identity is already in the environment — no secrets to manage
identity = open("/var/run/secrets/tokens/satgate-token").read()

# One call to get a capability token
token = requests.post(
    os.environ["SATGATE_MINT_URL"],
    json={"credentials": identity}
).json()["token"]

# Token has: tenant binding, budget, scope, TTL — all from policy
# Agent connects and starts calling tools
os.environ["SATGATE_TOKEN"] = token
