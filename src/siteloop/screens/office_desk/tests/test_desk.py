"""The office desk belongs to the signed-in; what it shows is tested with the office."""

import pytest


@pytest.mark.django_db
def test_strangers_sign_in_first(client) -> None:
    assert client.get("/office_desk/").status_code == 302
