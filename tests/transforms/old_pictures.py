"""Outputs that an older version of the engine has drawn."""

from io import BytesIO

from PIL import Image

from accounts.models import Workspace
from transforms.engine import version
from transforms.serving import cache, image_plans, targets
from transforms.serving.image_plans import RenderPlan
from transforms.tenant import tenants

OLD = version.NEWEST - 1


def plant(
    workspace: Workspace, address: str, body: bytes, accept: str | None = None, engine: int = OLD, **facts
) -> RenderPlan:
    """Store `body` as what a version of the engine drew for an address, a week ago."""
    tenant = tenants.of_row(workspace, workspace.namespace)
    plan = image_plans.make(tenant, *targets.parse(tenant, address), accept)
    content_type = f"image/{(Image.open(BytesIO(body)).format or '').lower()}"
    moment = cache.clock.now() - 7 * cache.DAY_SECONDS
    entry = cache.new_output(body, content_type, plan.seconds, moment, engine=engine, **facts)
    cache.write(tenant.folder, plan.key, plan.retention, entry)
    return plan


def encoded(image: Image.Image, file_format: str = "PNG", **options) -> bytes:
    """A picture as a file."""
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
