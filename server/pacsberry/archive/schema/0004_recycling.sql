-- The recycler's queue: who received something longest ago comes first.
--
-- New patients and receptions go to its end, so it costs some 20 bytes written for a patient and batch.

CREATE INDEX patients_by_arrival ON patients(arrival);
