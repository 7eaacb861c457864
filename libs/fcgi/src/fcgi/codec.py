"""The codec in use: compiled where it could be built, plain Python elsewhere.

Everything else in the package imports these names from here.
"""

from fcgi import _pure

decode_environ = _pure.decode_environ
decode_pairs = _pure.decode_pairs
encode_begin = _pure.encode_begin
encode_end = _pure.encode_end
encode_headers = _pure.encode_headers
encode_pairs = _pure.encode_pairs
encode_record = _pure.encode_record
encode_stream = _pure.encode_stream
read_request = _pure.read_request
Environ = _pure.Environ
Buffer = _pure.Buffer
