import requests

# Get the workload identity token (K8s projected volume)
with open("/var/run/secrets/tokens/satgate-token") as f:
    identity_token = f.read()

# Exchange for a SatGate capability token
resp = requests.post(
    "https://cloud.satgate.io/api/mint/exchange",
    headers={"Authorization": f"Bearer {identity_token}"},
    json={"credentials": identity_token}
)
satgate_token = resp.json()["token"]
