# micropython-lib's `requests`, as far as fetching goes: answered from the scenario's files.
class Response:
    def __init__(self, status, body):
        self.status_code = status
        self.reason = b"OK" if status == 200 else b"Error"
        self.content = body
        self.encoding = "utf-8"

    @property
    def text(self):
        return str(self.content, "utf-8")

    def json(self):
        import json

        return json.loads(self.content)

    def close(self):
        pass


def get(url, **kw):
    answer = link.call("fetch", url)
    if answer is None:
        raise OSError(-2)
    return Response(answer[0], bytes.fromhex(answer[1]))
