"""Real clients of Orthanc against the server, and Orthanc itself beside it."""
