"""The section "Pacsberry": what Orthanc has no word for."""

from pacsberry.config.kinds import Choice, File, Flag, ListOf, TableOf, Text, Whole
from pacsberry.config.table.row import Setting, Theme

PACSBERRY = Theme(
    "Section Pacsberry",
    (
        Setting(
            "Pacsberry.UsersFile",
            File(empty=True),
            "",
            "File of accounts that `pacsberry user` and the admin page write; its users are added to RegisteredUsers. "
            "When it is not there, the first account is made on the sign-in page, with the code that the start tells.",
        ),
        Setting(
            "Pacsberry.UserRoles",
            TableOf(Choice(("teacher", "admin")), names=r"[^:\x00-\x1f\x7f]{1,128}", names_expected="a user's name"),
            {},
            "What registered users may do, {name: role}: a teacher everything but settings and accounts; who is not "
            "named is an admin.",
        ),
        Setting(
            "Pacsberry.Guests",
            Flag(),
            False,
            "With AuthenticationEnabled, let people without an account look at studies that have the label "
            "GuestLabel: pictures only, without names.",
        ),
        Setting(
            "Pacsberry.GuestLabel",
            Text("a label of letters, digits, '-' and '_'", r"[A-Za-z0-9_-]+", empty=False, longest=64),
            "shown",
            "Label of studies that guests may look at.",
        ),
        Setting(
            "Pacsberry.UndoMinutes",
            Whole(0, 10_080, "minutes"),
            15,
            "How long a study that was deleted on a page can be had back; what the REST API deletes is gone at once.",
        ),
        Setting(
            "Pacsberry.SessionHours",
            Whole(1, 720, "hours"),
            12,
            "How long somebody who has signed in on a page is.",
        ),
        Setting(
            "Pacsberry.HostNames",
            ListOf(Text("a host name", r"[A-Za-z0-9_.-]+", empty=False, longest=253), most=100),
            [],
            "Names of this server in the address bar. They count where nobody signs in and only this machine is let in "
            "(neither AuthenticationEnabled nor RemoteAccessAllowed): local names and addresses are known without, "
            "others are refused, so that no page of the Internet gets here by its own name (DNS rebinding).",
        ),
        Setting(
            "Pacsberry.MaximumAssociations",
            Whole(1, 10_000),
            32,
            "DICOM associations that may be open; the next is refused with 'local limit exceeded'.",
        ),
        Setting(
            "Pacsberry.ControlSocket",
            Flag(),
            True,
            "Let commands such as `pacsberry import` reach the running server by a socket in StorageDirectory, "
            "which only its user and root can open.",
        ),
        Setting(
            "Pacsberry.HttpMaximumConnections",
            Whole(1, 100_000),
            300,
            "HTTP connections that may be open; more have to wait. A browser opens six: these are enough for 50.",
        ),
        Setting(
            "Pacsberry.HttpDownloads",
            Whole(1, 1000),
            24,
            "Files and archives on their way out at the same time; the next is told to come again (503).",
        ),
        Setting(
            "Pacsberry.ArchiveDeflateLevel",
            Whole(0, 9),
            1,
            "How hard ZIP archives are packed: 0 only stores, 1 is fast, 9 is small and ten times slower.",
        ),
        Setting(
            "Pacsberry.PixelWorkers",
            Whole(0, 64),
            0,
            "Processes that decode images at the same time; 0: one less than there are cores, as far as memory goes.",
        ),
        Setting(
            "Pacsberry.PixelWorkerMemoryMB",
            Whole(200, 1 << 20, "MB"),
            512,
            "Addresses one of them may use, about 100 MB of libraries included; images that need more are not shown.",
        ),
        Setting(
            "Pacsberry.PixelSeconds",
            Whole(1, 3600, "seconds"),
            20,
            "How long decoding one image may take; then it is given up, and not tried again for five minutes.",
        ),
        # Previews and metadata are 5 % of CT and MR, full-depth frames 45 % more: with a tenth of the disk a school has
        # the previews of all it keeps, and the frames of what it used last.
        Setting(
            "Pacsberry.PreparedPercent",
            Whole(0, 50, "%"),
            10,
            "Part of the disk for prepared pictures, which go first when room is needed; 0: none are prepared.",
        ),
        Setting(
            "Pacsberry.PreparedForAnySyntax",
            Flag(),
            False,
            "Whether a viewer that takes frames in any transfer syntax (DICOMweb, transfer-syntax=*) gets the prepared "
            "JPEG-LS, less than half the bytes, rather than what is stored.",
        ),
        Setting(
            "Pacsberry.QuarantineMaximumMB",
            Whole(0, 1 << 20, "MB"),
            256,
            "Room for refused files of DICOM senders, the oldest go first; 0: none is kept.",
        ),
        Setting(
            "Pacsberry.ScrubMBPerSecond",
            Whole(0, 10_000, "MB"),
            4,
            "How fast all kept files are read in the background, to find damage; 0: not at all.",
        ),
        Setting("Pacsberry.ScrubEveryDays", Whole(1, 3650, "days"), 30, "How often every kept file is read."),
        Setting(
            "Pacsberry.DamagedMaximumMB",
            Whole(0, 1 << 20, "MB"),
            512,
            "Room for files that were found damaged, the oldest go first; 0: only a note of each is kept.",
        ),
        # The two together: 512 MB of cards of 4 and 8 GB, 1.6 GB of 32 GB, 25 GB of 512 GB. A card that is full to the
        # brim is slow and wears fast, and a lesson that arrives at once finds room before the recycler is done.
        Setting(
            "Pacsberry.KeepFreeMB",
            Whole(0, 1 << 30, "MB"),
            512,
            "Free space on the disk below which the oldest patients go; the larger one of this and KeepFreePercent "
            "counts, but never more than half of what the archive could have; both 0: nobody goes.",
        ),
        Setting(
            "Pacsberry.KeepFreePercent",
            Whole(0, 90, "%"),
            5,
            "Free space as a part of the disk, see KeepFreeMB.",
        ),
        Setting(
            "Pacsberry.LoginMemorySeconds",
            Whole(0, 86400, "seconds"),
            300,
            "How long a correct password is not computed again; 0: it is for each request.",
        ),
        Setting(
            "Pacsberry.FailedLoginsPerMinute",
            Whole(1, 10_000),
            10,
            "Wrong passwords for one user from one address; beyond, all are refused for a minute.",
        ),
        Setting(
            "Pacsberry.LogFileMaximumMB", Whole(1, 10_000, "MB"), 5, "Size of a log file before the next is begun."
        ),
        Setting("Pacsberry.LogFilesKept", Whole(0, 1000), 4, "Full log files that are kept besides the current one."),
    ),
)
