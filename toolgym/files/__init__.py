"""Files and names from outside: strict JSON, plain files, safe names."""
