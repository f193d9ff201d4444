"""DICOMweb over real sockets, a real archive and real files."""
