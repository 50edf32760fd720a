"""Files of these tests lie in a folder of their own."""

import pytest


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.FILES = tmp_path / "files"
