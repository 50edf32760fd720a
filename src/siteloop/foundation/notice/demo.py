"""Demo: people of the cast who wish to be told outside, so that the register shows what would have left. Nothing does."""

from siteloop.foundation.authority.demo import WHY, accounts
from siteloop.foundation.authority.models import Account
from siteloop.foundation.notice.models import Preference

#: role -> the level from which each channel is used
WISHES = {
    "project_manager": ("yellow", "orange", "red"),
    "site_supervision": ("orange", "yellow", "red"),
    "urban_management": ("orange", "red", "yellow"),
    "county_officer": ("red", "orange", "red"),
}


def load() -> None:
    """One row a person of these roles, with a number nobody holds."""
    for n, cast in enumerate(accounts()):
        levels = WISHES.get(cast.role)
        account = Account.objects.filter(username=cast.username).first()
        if levels is None or account is None:
            continue
        sms, dingtalk, wecom = levels
        Preference.objects.unscoped(WHY).get_or_create(
            account=account,
            defaults={
                "sms_from": sms,
                "dingtalk_from": dingtalk,
                "wecom_from": wecom,
                "phone": f"100000001{n:02d}",
            },
        )
