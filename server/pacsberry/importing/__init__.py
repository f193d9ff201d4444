"""Brings what others have kept into a server: folders, archives, the storage of an Orthanc, another server.

    sources    what a source is is told by its look; each yields Items, one file of DICOM perhaps, and Findings
    importer   reads who an item is, asks the server whether it is there, sends it when not
    server     the server that is sent to, ours or an Orthanc, over HTTP
    report     what became of each file

Everything read here is a stranger's: names are shown, never used as paths; links are not followed; sizes have limits;
nothing is held in memory but a few kilobytes of one file.
"""
