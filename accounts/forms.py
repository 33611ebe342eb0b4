"""What people type: log-in, passwords, preferences, keys, tokens, invitations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.domain.roles import DUTIES, ROLES, SERVICE_ROLES
from accounts.domain.scopes import ATTEST, IDLE, SCOPES
from accounts.models import SigningKey, User
from accounts.services.keys import SHORTEST_PASSPHRASE
from accounts.services.preferences import CHOICES, zones
from kernel.forms import StrictForm

WORDS = {
    "auto": "As the system",
    "light": "Light",
    "dark": "Dark",
    "teal": "Teal and orange",
    "blue": "Blue and orange",
    "green": "Green and red",
    "on": "On",
    "off": "Off",
}


def _secret(autocomplete: str) -> forms.PasswordInput:
    return forms.PasswordInput(attrs={"class": "input", "autocomplete": autocomplete})


def _text(autocomplete: str, **more: str) -> forms.TextInput:
    return forms.TextInput(
        attrs={"class": "input", "autocomplete": autocomplete, **more}
    )


class LoginForm(forms.Form):
    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=1024, strip=False)


class RolesForm(StrictForm):
    roles = forms.MultipleChoiceField(
        label="Roles",
        choices=[(role, DUTIES[role]) for role in ROLES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class InvitationForm(RolesForm):
    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=_text("off", autocapitalize="none", spellcheck="false"),
        help_text="What they log in with: letters, digits and @ . + - _",
    )
    name = forms.CharField(
        label="Name", max_length=150, required=False, widget=_text("off")
    )
    email = forms.EmailField(
        label="Mail address",
        required=False,
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "off"}),
        help_text="The link is mailed there. Without one, hand it over yourself.",
    )
    field_order = ("username", "name", "email", "roles")


class ServiceAccountForm(RolesForm):
    """A program's account: it has a name and roles, no password and no address."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=_text("off", autocapitalize="none", spellcheck="false"),
        help_text="As the log will name it: letters, digits and @ . + - _",
    )
    name = forms.CharField(
        label="What it is for", max_length=150, required=False, widget=_text("off")
    )
    attests = forms.BooleanField(
        label="May file reports of tests and coverage as attestations", required=False
    )
    field_order = ("username", "name", "roles", "attests")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [  # type: ignore[attr-defined]
            (role, DUTIES[role]) for role in SERVICE_ROLES
        ]


class TokenForm(StrictForm):
    """A new service token."""

    name = forms.CharField(
        label="What it is for",
        max_length=100,
        widget=_text("off"),
        help_text="The program that will use it, and where it runs.",
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do", widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label="How long it lives",
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (365, "One year")],
        initial=90,
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, service: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            pair
            for pair in SCOPES.items()
            if pair[0] != IDLE and (service or pair[0] != ATTEST)
        ]


class NewPasswordForm(forms.Form):
    """A new password, twice."""

    new = forms.CharField(
        label="New password",
        strip=False,
        max_length=1024,
        widget=_secret("new-password"),
        help_text="At least 12 characters, not a common word, not like your name.",
    )
    again = forms.CharField(
        label="New password again",
        strip=False,
        max_length=1024,
        widget=_secret("new-password"),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        validate_password(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "new" in given and given.get("again") != given["new"]:
            self.add_error("again", "The two new passwords differ.")
        return given


class ResetForm(StrictForm):
    email = forms.EmailField(
        label="Your mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "email"}),
    )


class PasswordForm(NewPasswordForm):
    """The old password and twice the new one. Whether the old one is right is the
    service's to say."""

    old = forms.CharField(
        label="Password now",
        strip=False,
        max_length=1024,
        widget=_secret("current-password"),
    )
    field_order = ("old", "new", "again")


def _options(name: str) -> list[tuple[str, str]]:
    return [(value, WORDS[value]) for value in CHOICES[name]]


def _choice(name: str, label: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=_options(name),
        required=False,
        widget=forms.Select(attrs={"class": "input"}),
    )


class PreferencesForm(forms.Form):
    """Every field may be missing: what is not sent stays as it is."""

    zone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name) for name in zones()],
        required=False,
        widget=forms.Select(attrs={"class": "input"}),
        help_text="Times are stored in UTC and shown in this zone.",
    )
    theme = _choice("theme", "Theme")
    pnl = _choice("pnl", "Colours of profit and loss")
    shortcuts = _choice("shortcuts", "Keyboard shortcuts")


class NewKeyForm(forms.Form):
    passphrase = forms.CharField(
        label="Passphrase",
        strip=False,
        min_length=SHORTEST_PASSPHRASE,
        max_length=1024,
        widget=_secret("new-password"),
        help_text=f"At least {SHORTEST_PASSPHRASE} characters. It is stored nowhere: "
        "whoever forgets it revokes the key as lost and makes another.",
    )
    again = forms.CharField(
        label="Passphrase again",
        strip=False,
        max_length=1024,
        widget=_secret("new-password"),
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "passphrase" in given and given.get("again") != given["passphrase"]:
            self.add_error("again", "The two passphrases differ.")
        return given


class RevokeKeyForm(forms.Form):
    reason = forms.ChoiceField(
        label="Why",
        choices=SigningKey.Reason.choices,
        widget=forms.Select(attrs={"class": "input"}),
    )
    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=1024,
        widget=_secret("current-password"),
    )
