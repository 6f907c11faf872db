"""The playground: a form that builds an address, says what it costs before anything is made, and shows the picture
and the code to paste. It is a form that is sent by GET, so that its own address is the link to share."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from imgapis.base.errors import ApiError
from imgapis.devstack.photographs import NAMES
from imgapis.site import sample_source, snippets
from transforms.access import fallbacks, origins, presets
from transforms.engine.request import params
from transforms.engine.request.query import Query
from transforms.serving import cache, explain
from transforms.serving.charging import quotes
from transforms.serving.delivery import ImageRequest
from transforms.tenant import hosts, tenants
from transforms.tenant.tenants import Tenant

ENDPOINT = "transform"
DEMO = "demo"
FIRST = {"w": "600", "h": "400", "fit": "cover"}


def _choices(name: str, none: str) -> list[tuple[str, str]]:
    """The choices of a parameter as (value, label), with `none` as the label of no choice first."""
    row = params.find(ENDPOINT, name)
    assert row is not None  # the form below names parameters of the table
    return [("", none), *((word, word) for word in row.choices)]


def _text(label: str, help_text: str = "", **attrs: str) -> forms.CharField:
    attrs = {"autocomplete": "off", "spellcheck": "false"} | attrs
    return forms.CharField(label=label, help_text=help_text, required=False, widget=forms.TextInput(attrs=attrs))


def _choice(label: str, name: str, none: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=forms.Select(choices=_choices(name, none)))


class AddressForm(forms.Form):
    """The parameters of a picture. What is allowed is the engine's to say, at the field it names."""

    src = _text("Picture")
    w = _text("Width", inputmode="numeric")
    h = _text("Height", inputmode="numeric")
    fit = _choice("Fit", "fit", "default")
    position = _choice("Position", "position", "default")
    format = _choice("Format", "format", "the best your browser takes")
    quality = _text("Quality", "1 to 100, or auto; 80 where nothing is said.")
    radius = _text("Corner radius", "In pixels, or max.")
    blur = _text("Blur", "In pixels, from 0.3.")
    preset = _text("Preset")
    fallback = _text("Fallback", "The picture to send where the source fails.")
    more = _text("More parameters", "As in an address: rotate=90&grayscale=1")

    def __init__(self, data: dict, *, names: list[str], fallback_names: list[str], public: bool):
        """`names` of the presets and `fallback_names` of the fallbacks that there are to choose from."""
        super().__init__(data, auto_id="%s")
        if public:
            photo_choices = [(f"{sample_source.NAME}/{photo}", photo) for photo in NAMES]
            self.fields["src"].widget = forms.Select(choices=photo_choices)
        self._offer("preset", [("", "none")], names)
        self._offer("fallback", [("", "the default"), (fallbacks.NONE, "none: the error")], fallback_names)

    def _offer(self, field: str, first: list[tuple[str, str]], names: list[str]) -> None:
        """Make a field a choice out of names after the `first` choices; drop it where there are no names."""
        if names:
            self.fields[field].widget = forms.Select(choices=[*first, *((name, name) for name in names)])
        else:
            del self.fields[field]

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters asked for, names and texts, in the order of the form."""
        form_pairs = [(name, text) for name, text in self.cleaned_data.items() if text and name != "more"]
        return form_pairs + self.more_pairs()

    def more_pairs(self) -> list[tuple[str, str]]:
        """The parameters typed into `more`. They are read as browsers read a form, which refuses nothing: the query
        that is made of them is the engine's to refuse."""
        return parse_qsl(self.cleaned_data["more"].lstrip("?&"), keep_blank_values=True)


@dataclass(frozen=True)
class PlaygroundResult:
    """What the form stands for: the address, its quote (what /explain answers), the code to paste, and the link to
    this page. `at_most`: the quote is a maximum. `shown` says whether the page loads the picture, `signed` whether the
    workspace wants a signature."""

    address: str
    quote: dict
    at_most: bool
    shown: bool
    signed: bool
    share: str
    codes: list[snippets.Snippet]

    @property
    def price(self) -> str:
        """What the picture costs, in words."""
        if self.quote["why_free"]:
            return "nothing"
        return f"{'at most ' if self.at_most else ''}{self.quote['credits']} credit"

    @property
    def price_remark(self) -> str:
        """Why it is free, or how often it is paid and when it comes to nothing."""
        if self.quote["why_free"]:
            return self.quote["why_free"]
        is_short = self.quote["lifetime"] < cache.YEAR_SECONDS
        remark = f"{'each time it is made' if is_short else 'once a year'}, however often it is seen"
        if self.at_most:
            return f"{remark}; nothing if the original is so small that it comes to a picture you have"
        return remark


@require_GET
def public(request: HttpRequest) -> HttpResponse:
    """The playground on the samples of the demo workspace; where there is none, 404 with a link to sign up."""
    tenant = tenants.of_namespace(DEMO)
    if tenant is None or sample_source.NAME not in tenant.sources:
        return render(request, "site/playground_closed.html", status=404)
    data = request.GET.dict() or FIRST | {"src": f"{sample_source.NAME}/{sample_source.PHOTO}"}
    form = AddressForm(data, names=[], fallback_names=[], public=True)
    form.full_clean()
    if form.cleaned_data["src"] not in dict(form.fields["src"].widget.choices):
        form.add_error("src", "This page shows the samples alone. A workspace of your own shows your pictures.")
    context = {"form": form, "built": _result(request, tenant, form, reverse("playground"), always=True)}
    return _page(request, "site/playground.html", context)


@require_GET
@workspace_page("workspace.view")
def own(request: WorkspaceHttpRequest) -> HttpResponse:
    """The playground of a workspace. Only a picture that is free, or that `make` requests, is loaded with the page."""
    row = request.workspace
    tenant = tenants.of_row(row, row.namespace)
    data = request.GET.dict() or FIRST | {"src": _first_picture(tenant)}
    rules = tenant.rules
    form = AddressForm(data, names=sorted(rules.presets), fallback_names=sorted(rules.fallbacks), public=False)
    form.fields["src"].help_text = _how_to_name(tenant)
    form.full_clean()
    page_path = reverse("workspace-playground", args=[row.namespace])
    context = {"form": form, "built": _result(request, tenant, form, page_path, always=False)}
    return _page(request, "site/workspace_playground.html", context)


def _page(request: HttpRequest, template: str, context: dict) -> HttpResponse:
    form = context["form"]
    context["main"], context["further"] = (
        [form[name] for name in names if name in form.fields]
        for names in (
            ("src", "preset", "w", "h", "fit", "position", "format"),
            ("quality", "radius", "blur", "fallback", "more"),
        )
    )
    context["opened"] = any(field.data or field.errors for field in context["further"])
    response = render(request, template, context, status=400 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


def _first_picture(tenant: Tenant) -> str:
    sample_name = next((name for name, source in tenant.sources.items() if sample_source.is_sample(source)), None)
    return f"{sample_name}/{sample_source.PHOTO}" if sample_name else ""


def _how_to_name(tenant: Tenant) -> str:
    names = sorted(tenant.sources)
    source_hint = f"A source and a path, such as {names[0]}/picture.jpg" if names else "There is no source yet"
    return (
        f"{source_hint}; or the full URL of a picture on an allowed host"
        if tenant.allowed_sources
        else f"{source_hint}."
    )


def _result(
    request: HttpRequest, tenant: Tenant, form: AddressForm, page_path: str, *, always: bool
) -> PlaygroundResult | None:
    """URL, quote and code of the form's values; None, with the error at its field, where the image API would refuse."""
    if form.errors or not form.cleaned_data["src"]:
        return None
    pairs = form.pairs()
    query = Query.parse(urlencode(pairs))
    image_request = ImageRequest(ENDPOINT, query, None, request.META.get("HTTP_ACCEPT"), None)
    try:
        origins.check(tenant, None)
        presets.guard(tenant, ENDPOINT, query)
        quote = explain.explain(tenant, image_request)
    except ApiError as refusal:
        _add_error(form, refusal)
        return None
    form_values = {name: text for name, text in form.cleaned_data.items() if text}
    host = hosts.image_host(tenant.namespace)
    return PlaygroundResult(
        address=snippets.address(host, pairs),
        quote=quote,
        at_most=quote["credits_are"] in (quotes.UNKNOWN_SIZE, quotes.UNKNOWN_CONTENT),
        shown=not tenant.signing_required and (always or quote["why_free"] is not None or "make" in request.GET),
        signed=tenant.signing_required,
        share=f"{settings.SITE_URL}{page_path}?{urlencode(form_values)}",
        codes=snippets.of(host, pairs, is_small=_has_no_double(tenant, image_request, pairs)),
    )


def _has_no_double(tenant: Tenant, image_request: ImageRequest, pairs: snippets.Pairs) -> bool:
    """Whether twice the density is known to give no other picture, or is more than the image API makes."""
    doubled = snippets.doubled(pairs)
    try:
        return doubled != pairs and explain.are_one_picture(tenant, image_request, Query.parse(urlencode(doubled)))
    except ApiError:
        return True


def _add_error(form: AddressForm, refusal: ApiError) -> None:
    """Add a refusal to the field of its parameter, or to `more` where the parameter was typed there."""
    from_more = refusal.param in dict(form.more_pairs())
    add_error(form, ApiError(refusal.message, param="more") if from_more else refusal)
