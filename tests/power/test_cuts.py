"""After a power cut at any moment the box starts, has everything it acknowledged, and serves nothing half-made."""

from pathlib import Path

import pytest

from tests.power import loads, scenarios
from tests.power.card import why_not
from tests.power.comparing import faults_after
from tests.power.cuts import choose_cuts, try_cuts
from tests.power.images import Images
from tests.power.log import Cut, Manner
from tests.power.recording import Scenario, record

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it is possible here")

CUTS_OF_EACH = 20  # 220 in all


def test_what_was_acknowledged_survives_some_power_cuts(tmp_path: Path) -> None:
    work = (loads.upload, loads.c_store, loads.notes, loads.impatient_kernel)
    recording = record(Scenario("everything", work, seconds=2), tmp_path)

    outcomes = try_cuts(recording, choose_cuts(recording, 10, seed=1))

    assert not outcomes, "\n".join(map(str, outcomes))


def test_an_upgrade_survives_a_power_cut(tmp_path: Path) -> None:
    recording = record(next(one for one in scenarios.ALL if one.name == "upgrading"), tmp_path)

    outcomes = try_cuts(recording, choose_cuts(recording, 3, seed=1))

    assert not outcomes, "\n".join(map(str, outcomes))


@pytest.mark.proof
@pytest.mark.parametrize("scenario", scenarios.ALL, ids=lambda scenario: scenario.name)
def test_what_was_acknowledged_survives_many_power_cuts(tmp_path: Path, scenario: Scenario) -> None:
    recording = record(scenario, tmp_path)

    outcomes = try_cuts(recording, choose_cuts(recording, CUTS_OF_EACH, seed=2))

    assert not outcomes, "\n".join(map(str, outcomes))


def test_losses_are_seen_where_files_are_not_synced(tmp_path: Path) -> None:
    """The test of the test: without SyncStorageArea an instance may be lost, and the harness has to say so."""
    unsynced = Scenario("unsynced", (loads.upload, loads.c_store), {"SyncStorageArea": False}, seconds=1)
    recording = record(unsynced, tmp_path)
    ends = [position for at_ns in recording.ledger.told_moments() if (position := recording.log.position_at(at_ns))]

    outcomes = try_cuts(recording, [Cut(ends[-1], Manner.NONE, 1)])

    assert outcomes
    assert any("right would be" in fault for fault in outcomes[0].faults)


def test_losses_are_seen_on_a_card_that_lies_about_syncing(tmp_path: Path) -> None:
    recording = record(Scenario("lying", (loads.upload, loads.notes), seconds=1), tmp_path)
    end = recording.log.position_at(recording.ledger.told_moments()[-1])
    image = tmp_path / "lying.img"
    Images(recording.log, recording.base, tmp_path).make(Cut(end - end // 4, Manner.ALL, 1), image)

    faults = faults_after(recording, end, image, tmp_path / "lying")

    kinds = {fault.split()[0] for fault in faults}
    assert kinds >= {"instance", "metadata", "attachment"}, faults
