"""The settings come back from their file as they were; secrets made up are strong and easy to type."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry_appliance.box import Band, Mode, PortalMode, RadioChoice, Settings, secrets, store
from pacsberry_appliance.box.store import Stored
from pacsberry_appliance.errors import UnreadableSettings

ANY = st.builds(
    Settings,
    name=st.text(max_size=8),
    mode=st.sampled_from(Mode),
    band=st.sampled_from(Band),
    portal=st.sampled_from(PortalMode),
    radio=st.sampled_from(RadioChoice),
    channel=st.integers(0, 165),
    login=st.booleans(),
    ssh_keys=st.lists(st.text(max_size=8), max_size=3).map(tuple),
)


@settings(deadline=None)
@given(ANY)
def test_settings_come_back_as_they_were(value: Settings) -> None:
    assert store.of_json(store.as_json(value)) == value


def test_what_is_the_default_is_not_stored() -> None:
    assert store.as_json(Settings()) == {}


def test_the_file_is_for_root_alone_and_written_only_when_something_changed(tmp_path: Path) -> None:
    path = tmp_path / "box/box.json"
    stored = Stored(Settings(name="a"), ("digest",))

    assert store.save(path, stored)
    assert not store.save(path, stored)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o755
    assert store.load(path) == stored
    assert [child.name for child in path.parent.iterdir()] == ["box.json"]


def test_a_box_without_a_file_is_new(tmp_path: Path) -> None:
    assert store.load(tmp_path / "none") == Stored()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 1, "settings": {"channel": "6"}}',
        '{"format": 1, "settings": []}',
        "[" * 9999,
    ],
)
def test_a_damaged_file_is_an_error_that_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "box.json"
    path.write_text(text)

    with pytest.raises(UnreadableSettings):
        store.load(path)


def test_a_setting_of_another_version_is_passed_over() -> None:
    assert store.of_json({"perpetual": True, "name": "a"}) == Settings(name="a")


def test_made_up_secrets_differ_and_have_no_letters_that_look_alike() -> None:
    many = [secrets.wifi_password() for _ in range(200)] + [secrets.admin_password() for _ in range(200)]

    assert len(set(many)) == 400
    assert not set("".join(many)) & set("il1o0O")
    assert all(8 <= len(password) <= 63 for password in many)


def test_addresses_leave_room_for_access_points_and_last_for_500_tablets() -> None:
    first, last = Settings(address="192.168.4.1").leases

    assert (first, last) == ("192.168.4.20", "192.168.6.19")
