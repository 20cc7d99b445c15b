package pluginv1

import (
	"bytes"
	"testing"

	"google.golang.org/grpc/mem"
	protobuf "google.golang.org/protobuf/proto"
)

// counted is a pool that notes how much was taken from it and given back.
type counted struct {
	mem.BufferPool
	taken, returned int
}

func (c *counted) Get(size int) *[]byte {
	buffer := c.BufferPool.Get(size)
	c.taken += cap(*buffer)
	return buffer
}

func (c *counted) Put(buffer *[]byte) {
	c.returned += cap(*buffer)
	c.BufferPool.Put(buffer)
}

// A large message costs a buffer of about its size on each side, which is given back.
func TestCodecTakesBuffersOfTheMessagesSize(t *testing.T) {
	pool := &counted{BufferPool: NewBuffers()}
	codec := NewCodec(pool)
	sent := &HTTPResponse{Status: 200, Body: bytes.Repeat([]byte("x"), 100<<10)}
	encoded, err := codec.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	// It arrives in several frames.
	const frame = 16 << 10
	var frames mem.BufferSlice
	for whole := encoded.Materialize(); len(whole) > 0; whole = whole[min(frame, len(whole)):] {
		frames = append(frames, mem.SliceBuffer(whole[:min(frame, len(whole))]))
	}
	encoded.Free()
	received := &HTTPResponse{}
	if err := codec.Unmarshal(frames, received); err != nil || !protobuf.Equal(sent, received) {
		t.Fatalf("%v, %d bytes", err, len(received.GetBody()))
	}
	if most := 2 * (128 << 10); pool.taken == 0 || pool.taken > most || pool.returned != pool.taken {
		t.Errorf("took %d bytes, want at most %d, and gave back %d", pool.taken, most, pool.returned)
	}
}

// What is not a message is gRPC's to refuse.
func TestCodecRefusesOtherValues(t *testing.T) {
	codec := NewCodec(NewBuffers())
	if _, err := codec.Marshal("a text"); err == nil {
		t.Error("it encoded a text")
	}
	if codec.Unmarshal(nil, new(string)) == nil {
		t.Error("it decoded into a text")
	}
}
