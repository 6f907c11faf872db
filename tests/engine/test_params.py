"""The parameter table holds what the contract lists, and is whole."""

import pytest

from transforms.engine.request import endpoints, param, params, values

CONTRACT = {
    "transform": "w width h height size dpr fit enlarge position crop trim rotate flip background bg padding radius "
    "blur sharpen brightness contrast saturation gamma hue grayscale tint "
    "mark mark-position mark-w mark-padding mark-opacity background-remove "
    "format fm quality q lossless max-bytes metadata profile truncated animated preset fallback download src",
    "info": "src select",
    "info/metadata": "src",
    "info/colors": "src",
    "info/blurhash": "src",
    "grid": "src w h size dpr type cols gap format background",
    "placeholder/blurhash": "blurhash src w h fit dpr punch quality format",
    "placeholder/color": "color src w h fit dpr format",
}


@pytest.mark.parametrize("endpoint", endpoints.ENDPOINTS)
def test_every_parameter_of_the_contract_is_in_the_table(endpoint):
    assert set(CONTRACT[endpoint].split()) <= set(params.NAMES[endpoint])


@pytest.mark.parametrize("endpoint", endpoints.ENDPOINTS)
def test_a_name_or_alias_means_one_row(endpoint):
    names = [name for row in params.PARAMS if endpoint in row.endpoints for name in row.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", params.PARAMS, ids=lambda row: f"{row.name}@{row.endpoints[0]}")
def test_a_row_says_what_it_is_and_what_it_takes(row):
    assert row.meaning.endswith(".")
    assert param.accepts(row)
    assert set(row.endpoints) <= set(endpoints.ENDPOINTS)
    assert row.kind in values.READERS or not row.available


@pytest.mark.parametrize("row", [row for row in params.PARAMS if row.default is not None and row.available])
def test_a_default_is_a_value_the_parameter_accepts(row):
    assert values.read(row, row.name, values.write(row.default)) == row.default


def test_defaults_are_asked_by_endpoint_and_name():
    assert params.default("transform", "quality") == 80
    assert params.default("grid", "cols") == 2
    assert params.default("transform", "w") is None
    with pytest.raises(KeyError):
        params.default("info", "w")
