"""The proof of Pacsberry; the folders mirror those of the packages under test."""
