"""Remedies for a failing source: one sentence per cause, for the source doctor."""

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
    "source_too_large": "Put a smaller file there; the limits are at /limits of your image host.",
    "source_encoding": "Let the server send pictures without a content encoding, or with gzip.",
    "source_timeout": "Make the server answer faster: a whole fetch may take ten seconds.",
    "unsupported_format": "Put a JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP there; the bytes decide, not the name. SVG and"
    " HEIC are not read.",
    "unsupported_variant": "Save the picture again as a plain JPEG or PNG: the file is whole, and of a kind not read.",
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
# By the code in the body of a bucket's refusal.
BY_BUCKET_CODE = {
    "AccessDenied": "Give the key the policy below. If it has it, check the path: where listing is denied, a bucket"
    " says the same of an object that is not there.",
    "InvalidAccessKeyId": "Enter the access key id again: the bucket's service does not know it.",
    "Unauthorized": "Enter the access key id again: the bucket's service does not know it.",
    "SignatureDoesNotMatch": "Enter the secret access key again: it does not belong to the access key id.",
    "NoSuchBucket": "Check the bucket's name and its region or account: there is no such bucket.",
    "NoSuchKey": "Check the path: it is added to the source's prefix as it is, capital letters included.",
    "PermanentRedirect": "Set the source's region to the bucket's own.",
    "AuthorizationHeaderMalformed": "Set the source's region to the bucket's own.",
    "AuthorizationQueryParametersError": "Set the source's region to the bucket's own.",
    "InvalidObjectState": "Take the object out of the archive: its storage class cannot be read at once.",
    "ExpiredToken": "Enter a key that does not expire.",
    "AllAccessDisabled": "Ask the bucket service's support: it has closed the bucket.",
}
NARROW = "Make a key with the policy below and enter it here: whoever stole it could then read pictures and no more."


def of(code: str, step: str) -> str:
    """The remedy for a code of the image API at a step of the doctor."""
    return BY_CODE.get(code) or BY_STEP.get(step) or "Ask again in a moment; if it stays, write to support."
