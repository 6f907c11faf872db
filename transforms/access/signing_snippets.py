"""Code samples that sign URLs, for the dashboard and the docs; a test runs both."""

PYTHON = '''import base64, hashlib, hmac, json


def mac(key, text):
    key_id, _, secret = key.partition(".")
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return key_id + "." + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def sign(key, address):
    """address: path and query as they will stand in the page, percent-encoded."""
    path, _, query = address.partition("?")
    pieces = sorted(query.split("&"), key=lambda piece: piece.split("=")[0])
    return address + "&sig=" + mac(key, path + "?" + "&".join(pieces))


def policy(key, rule):
    """The end of every address that keeps within the rule."""
    text = base64.urlsafe_b64encode(json.dumps(rule).encode()).decode().rstrip("=")
    return "policy=" + text + "&sig=" + mac(key, "policy:" + text)
'''

JAVASCRIPT = """const crypto = require("node:crypto");

function mac(key, text) {
  const [keyId, secret] = key.split(".");
  return keyId + "." + crypto.createHmac("sha256", secret).update(text).digest("base64url");
}

// address: path and query as they will stand in the page, percent-encoded.
function sign(key, address) {
  const [path, query] = address.split("?");
  const name = (piece) => piece.split("=")[0];
  const pieces = query.split("&").sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
  return address + "&sig=" + mac(key, path + "?" + pieces.join("&"));
}

// The end of every address that keeps within the rule.
function policy(key, rule) {
  const text = Buffer.from(JSON.stringify(rule)).toString("base64url");
  return "policy=" + text + "&sig=" + mac(key, "policy:" + text);
}
"""
