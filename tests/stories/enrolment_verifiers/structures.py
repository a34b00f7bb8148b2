"""Has tpm2-pytss unmarshal the structures in files: structures.py TYPE=FILE...

CREDENTIAL is not a type: it is a file of tpm2_makecredential, with a TPM2B_ID_OBJECT and a TPM2B_ENCRYPTED_SECRET after a header. Each
structure must use all bytes, and be marshalled to the same bytes again.
"""
import logging
import sys

logging.getLogger("tpm2_pytss").setLevel(logging.CRITICAL)
import tpm2_pytss  # noqa: E402


def take(kind, data):
    """A structure at the start of the data, and the rest."""
    structure, used = getattr(tpm2_pytss, kind).unmarshal(data)
    assert structure.marshal() == data[:used], f"{kind} is marshalled to other bytes"
    return structure, data[used:]


for argument in sys.argv[1:]:
    kind, path = argument.split("=")
    with open(path, "rb") as file:
        data = file.read()
    kinds = [kind]
    if kind == "CREDENTIAL":
        assert data[:8] == bytes.fromhex("badcc0de00000001")
        kinds, data = ["TPM2B_ID_OBJECT", "TPM2B_ENCRYPTED_SECRET"], data[8:]
    for kind in kinds:
        structure, data = take(kind, data)
        if kind == "TPMS_ATTEST":
            assert structure.magic == tpm2_pytss.TPM2_GENERATED.VALUE, structure.magic
            assert structure.type == tpm2_pytss.TPM2_ST.ATTEST_CERTIFY, structure.type
            assert len(bytes(structure.attested.certify.name)) == 34
        print(f"{kind} {path}")
    assert not data, f"{len(data)} bytes follow in {path}"
