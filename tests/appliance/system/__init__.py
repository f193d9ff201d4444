"""Files and programs of the system."""
