"""The routes of image hosts and their OpenAPI, by django-ninja; the raw query is parsed by the engine."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, JsonResponse
from ninja import NinjaAPI

from imgapis.base.errors import ApiError
from transforms.engine.request.endpoints import LONGEST_FIRST
from transforms.engine.request.query import Query
from transforms.serving import admission, explain, http_headers, image_openapi, image_responses
from transforms.serving.delivery import ImageRequest
from transforms.tenant.http_requests import ImageHttpRequest

Act = Callable[[ImageHttpRequest, str, str | None], HttpResponse]

api = NinjaAPI(title="img apis: images", version="1", urls_namespace="images", docs_url=None)


def _gate(request: ImageHttpRequest) -> HttpResponse | None:
    """The response to OPTIONS; None for GET and HEAD. Every other method was refused before routing."""
    return http_headers.preflight(request) if request.method == "OPTIONS" else None


def _view(handler: Act, endpoint: str) -> Callable[..., HttpResponse]:
    def view(request: ImageHttpRequest) -> HttpResponse:
        return _gate(request) or handler(request, endpoint, None)

    return view


def _path_view(handler: Act, endpoint: str) -> Callable[..., HttpResponse]:
    def view(request: ImageHttpRequest, source: str) -> HttpResponse:
        return _gate(request) or handler(request, endpoint, source)

    return view


def _quote(request: ImageHttpRequest, endpoint: str, source: str | None) -> HttpResponse:
    query = Query.parse(request.META.get("QUERY_STRING", ""))
    image_request = ImageRequest(endpoint, query, source or None, request.META.get("HTTP_ACCEPT"), None)
    try:
        admitted_request = admission.admit(request, image_request)
        response: HttpResponse = JsonResponse(explain.explain(request.tenant, admitted_request))
    except ApiError as refusal:
        response = image_responses.problem(request, refusal)
    response["Cache-Control"] = "no-store"
    return http_headers.finish(request, response)


def _limits(request: ImageHttpRequest) -> HttpResponse:
    """Every limit of the image API."""
    if (preflight_response := _gate(request)) is not None:
        return preflight_response
    response = JsonResponse(explain.published())
    response["Cache-Control"] = "public, max-age=3600"
    return http_headers.finish(request, response)


def _mount(path: str, view: Any, name: str, endpoint: str | None) -> None:
    extra = image_openapi.operation(endpoint) if endpoint else None
    api.api_operation(list(http_headers.METHODS), path, url_name=name, openapi_extra=extra, operation_id=name)(view)


_ACTS: tuple[tuple[str, Act], ...] = (("", image_responses.respond), ("explain/", _quote))
for _prefix, _act in _ACTS:
    for _endpoint in LONGEST_FIRST:
        _name = (_prefix + _endpoint).replace("/", "-")
        _mount(f"/{_prefix}{_endpoint}", _view(_act, _endpoint), _name, _endpoint)
for _prefix, _act in _ACTS:
    for _endpoint in LONGEST_FIRST:
        _name = (_prefix + _endpoint).replace("/", "-") + "-path"
        _mount(f"/{_prefix}{_endpoint}/{{path:source}}", _path_view(_act, _endpoint), _name, _endpoint)
_mount("/limits", _limits, "limits", None)
