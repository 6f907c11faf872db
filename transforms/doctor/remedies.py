"""Remedies for a failing source: one sentence per cause, for the source doctor."""

_SLOWER = "Nothing is wrong with the source: the bucket's service asks for fewer requests. Ask again in a moment."

# By the codes of the image API; never more about a guarded address than that API discloses (S16).
BY_CODE = {
    "invalid_source": "Correct the address or the path: it has to be a plain http or https address on port 80 or 443.",
    "source_unresolvable": "Check the spelling of the host, and that its DNS names public addresses only: hosts in"
    " private networks are never fetched from.",
    "source_not_allowed": "Add the host to the workspace's allowed external sources.",
    "source_redirect": "Set the source to the address it redirects to. At most three redirects are followed, to allowed"
    " hosts, and never from https to http.",
    "source_missing": "Check the path: it is added to the source's prefix as it is, capital letters included.",
    "source_forbidden": "Let our fetcher in: it sends no cookie and no password, names itself imgapis/1, and comes from"
    " the cloud. A firewall or hot-link protection often stands in the way.",
    "source_refused": "Ask the server's owner why it refuses a plain GET request.",
    "source_busy": _SLOWER,
    "source_too_large": "Put a smaller file there; the limits are at /limits of your image host.",
    "source_encoding": "Let the server send pictures without a content encoding, or with gzip.",
    "source_timeout": "Make the server answer faster: a whole fetch may take ten seconds.",
    "unsupported_format": "Put a JPEG, PNG, WebP, GIF, AVIF, TIFF, BMP, ICO or SVG there; the bytes decide, not the"
    " name. HEIC is not read.",
    "unsupported_variant": "Save the picture again as a plain JPEG or PNG: the file is whole, and of a kind not read.",
    "drawing_too_complex": "Simplify the SVG, or export it as PNG: the limits of drawings are named in the message.",
    "broken_image": "Upload the file again: it is cut off or damaged.",
    "too_many_pixels": "Put a smaller picture there; the limits are at /limits of your image host.",
    "too_many_scans": "Save the picture again: usual encoders write about ten scans, or one when not progressive.",
    "too_many_frames": "Put a shorter animation there; the limits are at /limits of your image host.",
    "source_side_too_long": "Put a smaller picture there; the limits are at /limits of your image host.",
    "render_crashed": "Save the picture anew with an image editor: our decoder does not survive it.",
    "render_timeout": "Save the picture anew, without progressive scans: it takes too long to decode.",
    "render_busy": "Nothing is wrong with the source: we are busy. Ask again in a moment.",
    "too_many_waiting": "Nothing is wrong with the source: much is asked for at once. Ask again in a moment.",
    "unknown_source": "Somebody deleted the source: set it up again.",
}
# Where the connection itself failed, by the step it failed at.
BY_STEP = {
    "connect": "Start the web server, or open its firewall: nothing answers at the host's public address.",
    "tls": "Renew or complete the certificate: it has to name the host, and to come from a public authority with its"
    " intermediate certificates.",
    "answer": "Look into the server's own log: it took the request and gave no proper answer.",
    "headers": "Look into the server's own log: it broke the answer off, or framed it ambiguously.",
}
# By the code in the body of a bucket's refusal: what a signed GET of an object can meet, by Amazon's list of error
# responses and Cloudflare's list of R2's error codes.
_KEY = "Enter the access key id again: the bucket's service does not know it."
_SECRET = "Enter the secret access key again: it does not belong to the access key id."
_PATH = "Check the path: it is added to the source's prefix as it is, capital letters included."
_BUCKET = "Check the bucket's name and its region or account: there is no such bucket."
_REGION = "Set the source's region to the bucket's own."
_CLOCK = (
    "Nothing is wrong with the source: our clock and that of the bucket's service differ. Write to support; on a server"
    " of your own, let it set its clock by NTP."
)
_KMS_KEY = "Enable the KMS key that the object is encrypted with, or encrypt the object anew with a key that exists."
_KMS_PERMISSION = (
    "The object is encrypted with a KMS key: allow the access key kms:Decrypt on that key, in the key's own policy too."
)
_CUSTOMER_KEY = (
    "The object is encrypted with a key that only its owner sends along (SSE-C), which we cannot: store it again with"
    " the bucket's own encryption."
)
_TOKEN = "Enter a permanent key: keys that come with a session token end with it."
_SERVICE = "Nothing is wrong with the source: the bucket's service has trouble. Ask again in a moment."
_OURS = "Nothing is wrong with the source: the bucket's service does not take our request. Write to support."
_ACCOUNT = "Ask the bucket's service: it has closed the account or the bucket, or not opened it yet."
BY_BUCKET_CODE = {
    "AccessDenied": "Give the key the policy below. If it has it, check the path: where listing is denied, a bucket"
    " says the same of an object that is not there.",
    "InvalidAccessKeyId": _KEY,
    "Unauthorized": _KEY,
    "SignatureDoesNotMatch": _SECRET,
    "NoSuchBucket": _BUCKET,
    "InvalidBucketName": _BUCKET,
    "NoSuchAccessPoint": _BUCKET,
    "NoSuchKey": _PATH,
    "NoSuchVersion": _PATH,
    "InvalidObjectName": _PATH,
    "KeyTooLongError": "Choose a shorter path: a key has at most 1,024 bytes, its prefix included.",
    "MethodNotAllowed": "Put the file there again: its newest version is a delete marker.",
    "PermanentRedirect": _REGION,
    "TemporaryRedirect": "The bucket is new, and its address not known everywhere yet: ask again in some minutes.",
    "Redirect": "The bucket is new, and its address not known everywhere yet: ask again in some minutes.",
    "AuthorizationHeaderMalformed": _REGION,
    "AuthorizationQueryParametersError": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "IncorrectEndpoint": _REGION,
    "InvalidRegionName": _REGION,
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "ExpiredRequest": _CLOCK,
    "InvalidObjectState": "Take the object out of the archive: its storage class cannot be read at once.",
    "KMS.DisabledException": _KMS_KEY,
    "KMS.InvalidKeyUsageException": _KMS_KEY,
    "KMS.KMSInvalidStateException": _KMS_KEY,
    "KMS.NotFoundException": _KMS_KEY,
    "ExpiredToken": _TOKEN,
    "InvalidToken": _TOKEN,
    "TokenRefreshRequired": _TOKEN,
    "InvalidPayer": "Let the bucket's owner pay for requests: the bucket asks requesters to pay, which we do not.",
    "AllAccessDisabled": _ACCOUNT,
    "AccountProblem": _ACCOUNT,
    "NotSignedUp": _ACCOUNT,
    "InvalidSecurity": _KEY,
    "InternalError": _SERVICE,
    "ServiceUnavailable": _SERVICE,
    "RequestTimeout": _SERVICE,
    "OperationAborted": _SERVICE,
    "SlowDown": _SLOWER,
    "TooManyRequests": _SLOWER,
    "InvalidArgument": _OURS,
    "InvalidRequest": _OURS,
    "InvalidURI": _OURS,
    "NotImplemented": _OURS,
}
# Where one code has several causes, by what its message holds.
BY_BUCKET_MESSAGE = (
    (("AccessDenied",), "kms:", _KMS_PERMISSION),
    (("AccessDenied",), "Request has expired", _CLOCK),
    (
        ("AccessDenied",),
        "explicit deny",
        "Lift the deny in the bucket's policy or the account's: it overrules what the key's own policy allows.",
    ),
    (("InvalidRequest", "InvalidArgument"), "Server Side Encryption", _CUSTOMER_KEY),
)
NARROW = "Make a key with the policy below and enter it here: whoever stole it could then read pictures and no more."


def of_bucket(code: str, message: str) -> str:
    """The remedy for an error of a bucket's service; empty for a code that is not listed."""
    for codes, words, remedy in BY_BUCKET_MESSAGE:
        if code in codes and words in message:
            return remedy
    return BY_BUCKET_CODE.get(code, "")


def of(code: str, step: str) -> str:
    """The remedy for a code of the image API at a step of the doctor."""
    return BY_CODE.get(code) or BY_STEP.get(step) or "Ask again in a moment; if it stays, write to support."
