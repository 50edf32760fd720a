"""Password rules beyond length: mixed characters, not one of the last five."""

from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError


class MixedCharacters:
    """At least three of lower case, upper case, digits and signs; not one of the five passwords before."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
        if sum(any(kind(c) for c in password) for kind in kinds) < 3:
            raise ValidationError("密码须含大写字母、小写字母、数字、符号中的三种", code="password_not_mixed")
        if user is not None and user.pk:
            for past in user.past_passwords.order_by("-at")[:5]:
                if check_password(password, past.password):
                    raise ValidationError("不能与最近五次密码相同", code="password_used")

    def get_help_text(self) -> str:
        """Shown under the field."""
        return "至少 10 位，含大写字母、小写字母、数字、符号中的三种，且不与最近五次密码相同。"
