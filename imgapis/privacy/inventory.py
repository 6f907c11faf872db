"""The data inventory, from the declarations on the models and the few stores that are no table (P02, P13)."""

from itertools import groupby

from imgapis.base.dynamo import Row, declaration_of, description_of
from imgapis.privacy.registry import HOLDINGS
from imgapis.tables import row_classes

# What is no table: name, what, why, how long, where, exported, erased.
STORES = (
    (
        "outputs",
        "transformed pictures, each with keyed digests of the bytes it was made from",
        "answer the next request for the same picture; tell whether a source has changed",
        "1 year; 24 hours for /info",
        "Cloudflare R2",
        "no: they are made of your own originals",
        "yes, with the workspace",
    ),
    (
        "Stripe customer",
        "what whoever pays tells Stripe",
        "payment and invoices",
        "until erasure; invoices by tax law",
        "Stripe",
        "no: in Stripe's portal",
        "yes; invoices stay by law",
    ),
    ("custom hostnames", "the domains you add", "certificates", "until removed", "Cloudflare", "as domains", "yes"),
    (
        "spool",
        "events that are not shipped yet",
        "count free requests",
        "seconds",
        "the server's disk",
        "as events",
        "dropped when the workspace is gone",
    ),
    ("mail", "codes, receipts, notices", "reach you", "not kept once sent", "Cloudflare", "no", "nothing is kept"),
    (
        "logs",
        "what the software did, by request id",
        "find faults",
        "as the host keeps them",
        "the server",
        "no: they name nobody",
        "no: they name nobody",
    ),
    (
        "suppression list",
        "opaque ids of what was erased",
        "erase again after a restore",
        "as proof",
        "Cloudflare R2",
        "no",
        "no: it keeps the erased erased",
    ),
)
WHERE = "AWS DynamoDB, us-east-1"


def list_all() -> list[dict]:
    """Every attribute of every table, then every other store: plain values, for the command, the page and JSON."""
    exempt: dict[type[Row], str] = {holding.row: holding.exempt for holding in HOLDINGS}
    lines = []
    for row_class in row_classes.registered():
        for name, attribute in row_class.get_attributes().items():
            declaration = declaration_of(attribute)
            lines.append(
                {
                    "store": row_class.Meta.table_name.partition("-")[2],
                    "attribute": name,
                    "purpose": declaration.purpose,
                    "category": declaration.category,
                    "retention": declaration.retention,
                    "where": WHERE,
                    "exported": "yes" if declaration.exported and not exempt[row_class] else "no",
                    "erased": exempt[row_class] or ("yes" if declaration.erased else "no: proof that names nobody"),
                }
            )
    names = ("store", "attribute", "purpose", "retention", "where", "exported", "erased")
    return lines + [dict(zip(names, line, strict=True)) | {"category": "none"} for line in STORES]


def by_store() -> list[dict]:
    """The same grouped by store, for the page: `name`, `about`, `where` and `lines` of each."""
    descriptions = {
        row_class.Meta.table_name.partition("-")[2]: description_of(row_class) for row_class in row_classes.registered()
    }
    groups = groupby(list_all(), key=lambda line: line["store"])
    stores = [(name, list(lines)) for name, lines in groups]
    return [
        {"name": name, "about": descriptions.get(name, ""), "where": store_lines[0]["where"], "lines": store_lines}
        for name, store_lines in stores
    ]
