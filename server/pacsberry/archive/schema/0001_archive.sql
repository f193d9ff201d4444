-- The index of the archive, version 1. Everything here but labels, metadata, attachments, protection and
-- settings can be rebuilt from the files.
--
-- key    our row number, never reused (AUTOINCREMENT), so that a change of a deleted resource finds nothing
-- id     the Orthanc identifier, 44 characters
-- uid    PatientID, StudyInstanceUID, SeriesInstanceUID or SOPInstanceUID, folded (dicom.text.fold) for look-up
--        Identifiers and UIDs are long and random: an index of them whole would cost more bytes written to the card than
--        all the rest (16 KB an instance instead of 8, measured with 20 000 studies). The first 8 digits of an id and
--        the last 12 of a UID narrow as well; conditions compare those and then the whole (rows.BY_ID, search_sql.py).
-- tags   the main DICOM tags as a JSON object {keyword: value}, sorted, indented as lists show it (archive/listing.py)

CREATE TABLE patients (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    name TEXT,                          -- PatientName, folded; NULL when its studies came with several
    tags TEXT NOT NULL,
    updated_at INTEGER NOT NULL,        -- LastUpdate, UTC seconds
    arrival INTEGER NOT NULL,           -- grows with each reception: the recycler takes the lowest first
    is_protected INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX patients_by_id ON patients(substr(id, 1, 8));
CREATE INDEX patients_by_uid ON patients(uid);

CREATE TABLE studies (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER NOT NULL REFERENCES patients(key),
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    accession TEXT NOT NULL,            -- AccessionNumber, folded
    study_date TEXT NOT NULL,           -- StudyDate as received
    tags TEXT NOT NULL,
    patient_tags TEXT,                  -- the patient's as they came with this study; NULL when they are those of its row
    updated_at INTEGER NOT NULL
);
CREATE INDEX studies_by_parent ON studies(parent);
CREATE INDEX studies_by_id ON studies(substr(id, 1, 8));
CREATE INDEX studies_by_uid ON studies(substr(uid, -12));
CREATE INDEX studies_by_date ON studies(study_date);
CREATE INDEX studies_by_accession ON studies(accession) WHERE accession <> '';

CREATE TABLE series (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER NOT NULL REFERENCES studies(key),
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    modality TEXT NOT NULL,             -- Modality as received
    expected_instances INTEGER,
    tags TEXT NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX series_by_parent ON series(parent);
CREATE INDEX series_by_id ON series(substr(id, 1, 8));
CREATE INDEX series_by_uid ON series(substr(uid, -12));

-- Who brought an instance, and what kind of object it is: few distinct rows, so an instance carries two numbers.
CREATE TABLE origins (
    key INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    remote_ip TEXT NOT NULL,
    remote_aet TEXT NOT NULL,
    called_aet TEXT NOT NULL,
    http_username TEXT NOT NULL,
    UNIQUE (origin, remote_ip, remote_aet, called_aet, http_username)
);
CREATE TABLE formats (
    key INTEGER PRIMARY KEY,
    sop_class_uid TEXT NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    UNIQUE (sop_class_uid, transfer_syntax_uid)
);

CREATE TABLE instances (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER NOT NULL REFERENCES series(key),
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    tags TEXT NOT NULL,
    index_in_series INTEGER,
    received_at INTEGER NOT NULL,       -- ReceptionDate, UTC seconds
    origin INTEGER NOT NULL REFERENCES origins(key),
    format INTEGER NOT NULL REFERENCES formats(key),
    pixel_data_offset INTEGER,
    pixel_data_vr TEXT NOT NULL,
    file TEXT NOT NULL,                 -- path below the files folder: bucket/uuid.dcm
    size INTEGER NOT NULL,              -- bytes
    md5 TEXT NOT NULL,                  -- hex, '' when StoreMD5ForAttachments is off
    crc32 INTEGER                       -- of the file (ISO 3309); tells a damaged file at a tenth of MD5's cost
);
CREATE INDEX instances_by_parent ON instances(parent, index_in_series);
CREATE INDEX instances_by_id ON instances(substr(id, 1, 8));
CREATE INDEX instances_by_uid ON instances(substr(uid, -12));

-- Below: facts that live only here. They are committed with full sync.
CREATE TABLE metadata (
    level INTEGER NOT NULL,
    key INTEGER NOT NULL,               -- of the resource
    type INTEGER NOT NULL,              -- Orthanc's number; users' own from 1024
    value TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (level, key, type)
) WITHOUT ROWID;

CREATE TABLE attachments (
    level INTEGER NOT NULL,
    key INTEGER NOT NULL,
    type INTEGER NOT NULL,              -- Orthanc's number; users' own from 1024
    file TEXT NOT NULL,                 -- as instances.file
    size INTEGER NOT NULL,
    md5 TEXT NOT NULL,
    crc32 INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (level, key, type)
) WITHOUT ROWID;

CREATE TABLE labels (
    level INTEGER NOT NULL,
    key INTEGER NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (level, key, label)
) WITHOUT ROWID;
CREATE INDEX labels_by_label ON labels(label);

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    level INTEGER NOT NULL,
    key INTEGER NOT NULL,               -- of the resource; rows of vanished resources are skipped when read
    at INTEGER NOT NULL                 -- UTC seconds
);

CREATE TABLE exports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    level INTEGER NOT NULL,
    id TEXT NOT NULL,
    modality TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    study_uid TEXT NOT NULL,
    series_uid TEXT NOT NULL,
    sop_uid TEXT NOT NULL,
    at INTEGER NOT NULL
);

CREATE TABLE garbage (file TEXT PRIMARY KEY) WITHOUT ROWID;  -- files to remove; the remover empties it

CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO facts VALUES
    ('open_bucket', 0),                 -- every file in a bucket below this one is indexed
    ('patients', 0), ('studies', 0), ('series', 0), ('instances', 0),
    ('total_bytes', 0), ('arrival', 0);
