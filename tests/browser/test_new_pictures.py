"""A page of sixty new pictures on the free plan, through deploy/nginx.conf over HTTP/2, in Chromium (H13)."""

import secrets

import pytest

from accounts.workspaces import workspaces
from billing.charging import ledger
from tests import environment
from tests.faults import front
from tests.faults.test_nginx import behind, nginx  # noqa: F401 - fixtures
from transforms.sources import named_sources

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(front.NGINX is None, reason="nginx is not installed: the proxy in front is not tried"),
]
PICTURES = 60
ADD_PICTURES = """
async ([prefix, count]) => {
    const pictures = [];
    for (let number = 0; number < count; number++) {
        const picture = new Image();
        picture.src = prefix.replace("{}", number);
        document.body.append(picture);
        pictures.push(new Promise(done => { picture.onload = picture.onerror = () => done(picture.naturalWidth) }));
    }
    const widths = await Promise.all(pictures);
    const protocols = performance.getEntriesByType("resource").map(entry => entry.nextHopProtocol);
    return [widths, [...new Set(protocols)]];
}
"""


@pytest.fixture
def free_workspace(dynamodb):
    """A workspace of the free plan: four at once."""
    row = workspaces.create_unowned(namespace=f"page-{secrets.token_hex(6)}", allowance=2_000)
    prefix = f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=prefix)
    return row


def test_a_page_of_sixty_new_pictures_gets_them_all(chromium, nginx, free_workspace):  # noqa: F811
    """H13: each takes its origin half a second, four are made at once, and the others wait."""
    host = f"https://{free_workspace.namespace}.localhost:{nginx.tls}"
    context = chromium.new_context(ignore_https_errors=True, bypass_csp=True)
    try:
        page = context.new_page()
        statuses = []
        page.goto(host + "/limits")
        page.on("response", lambda response: statuses.append(response.status))
        prefix = "/transform?src=shop/slow/{}.jpg&w=48&format=jpeg"
        widths, protocols = page.evaluate(ADD_PICTURES, [prefix, PICTURES])
    finally:
        context.close()
    assert statuses == [200] * PICTURES and widths == [48] * PICTURES
    assert protocols == ["h2"]
    (proof,) = ledger.prove(free_workspace.workspace_id)
    assert proof.is_valid and proof.used == 2 * PICTURES
