package gateway

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that is wrapped
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// frame is a message that passes unopened.
type frame struct {
	data    mem.BufferSlice
	message proto.Message // decoded, if the host knows it and had to look; nobody encodes it again
	checked bool          // the message is right by all rules, as far as this host's contract goes, and that is all of it
}

// free lets go of the bytes.
func (f *frame) free() {
	f.data.Free()
	f.data = nil
}

// codec carries frames as they are and leaves every other message to the usual
// codec, so that the gateway's own services work beside carried ones.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	f, ok := v.(*frame)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	f.data.Ref()
	return f.data, nil
}

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	if f.data != nil {
		return fmt.Errorf("a frame was used twice")
	}
	data.Ref()
	f.data = data
	return nil
}
