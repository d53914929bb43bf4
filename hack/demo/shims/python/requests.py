"""The one call of `requests` that the examples make, on the standard library: for machines without requests."""
import json as _json
import urllib.error
import urllib.request


class Response:
    def __init__(self, status, body):
        self.status_code = status
        self.text = body.decode()

    def json(self):
        return _json.loads(self.text)


def post(url, headers=None, json=None):
    request = urllib.request.Request(
        url,
        data=_json.dumps(json).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return Response(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        return Response(error.code, error.read())
