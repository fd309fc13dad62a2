module github.com/patchbay/patchbay/scripts/tools/protovalidate

go 1.26.0

// Only its .proto file is used; the module holds no Go to import.
require github.com/bufbuild/protovalidate v1.2.2
