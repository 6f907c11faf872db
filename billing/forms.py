"""The forms of billing: parsing and wording; what is allowed is decided elsewhere."""

import re
from decimal import Decimal

from django import forms

from billing.charging.caps import Cap

AMOUNT = re.compile(r"\$?\s*([0-9][0-9, ]*)(?:\.([0-9]{1,2}))?\s*\Z")
UNITS = (("default", "The default"), ("credits", "Credits"), ("cents", "US dollars of overage"), ("off", "No cap"))


class CapForm(forms.Form):
    """A cap: what it counts, and how much."""

    unit = forms.ChoiceField(label="Counted in", choices=UNITS)
    amount = forms.CharField(
        label="Amount",
        required=False,
        max_length=20,
        help_text="Whole credits, or dollars such as 25.50.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean(self) -> dict:
        """`cap` is the Cap; None where the default is to hold again."""
        unit, text = self.cleaned_data.get("unit"), self.cleaned_data.get("amount", "")
        if unit in (None, "default", "off"):
            self.cleaned_data["cap"] = Cap("off", 0) if unit == "off" else None
            return self.cleaned_data
        match = AMOUNT.match(text)
        if not match or (unit == "credits" and match[2]):
            message = "Type whole credits, such as 5000." if unit == "credits" else "Type dollars, such as 25 or 25.50."
            self.add_error("amount", message)
            return self.cleaned_data
        value = Decimal(re.sub("[, ]", "", match[1]) + "." + (match[2] or "0"))
        self.cleaned_data["cap"] = Cap(unit, int(value * 100 if unit == "cents" else value))
        return self.cleaned_data
