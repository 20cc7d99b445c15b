package pluginv1

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	protobuf "google.golang.org/protobuf/proto"
)

// NewBuffers makes a pool for the messages of gRPC with a size for each power of two: those of its own use a megabyte
// for a message over 32 KiB, and clear it.
func NewBuffers() mem.BufferPool {
	const smallest, largest = 256, 1 << 20
	var sizes []int
	for size := smallest; size <= largest; size *= 2 {
		sizes = append(sizes, size)
	}
	return mem.NewTieredBufferPool(sizes...)
}

// Codec is gRPC's codec for messages, with the buffers of a pool: gRPC's own takes them from its default one, whatever
// pool a connection has.
type Codec struct {
	encoding.CodecV2
	buffers mem.BufferPool
}

// NewCodec makes a codec for both ends of a connection. A peer does not notice it.
func NewCodec(buffers mem.BufferPool) Codec { return Codec{encoding.GetCodecV2(proto.Name), buffers} }

// Marshal encodes a message.
func (c Codec) Marshal(v any) (mem.BufferSlice, error) {
	message, ok := v.(protobuf.Message)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	size := protobuf.Size(message)
	options := protobuf.MarshalOptions{UseCachedSize: true}
	if mem.IsBelowBufferPoolingThreshold(size) {
		data, err := options.Marshal(message)
		return mem.BufferSlice{mem.SliceBuffer(data)}, err
	}
	buffer := c.buffers.Get(size)
	if _, err := options.MarshalAppend((*buffer)[:0], message); err != nil {
		c.buffers.Put(buffer)
		return nil, err
	}
	return mem.BufferSlice{mem.NewBuffer(buffer, c.buffers)}, nil
}

// Unmarshal decodes a message.
func (c Codec) Unmarshal(data mem.BufferSlice, v any) error {
	whole := data.MaterializeToBuffer(c.buffers)
	defer whole.Free()
	return c.CodecV2.Unmarshal(mem.BufferSlice{whole}, v)
}
