package supervisor

import (
	"bytes"
	"errors"
	"testing"
)

// TestDescription: what is the same to the byte passes without being parsed; anything else is compared by its meaning.
func TestDescription(t *testing.T) {
	sp := spec(t, "ok")
	expected := description(sp)
	if err := checkDescription(sp, expected, expected); err != nil {
		t.Errorf("its own description: %v", err)
	}
	spaced := bytes.Replace(expected, []byte(`": `), []byte(`":  `), 1)
	for _, unknown := range [][]byte{expected, nil} {
		if err := checkDescription(sp, spaced, unknown); err != nil {
			t.Errorf("with other white space: %v", err)
		}
	}
	var refusal *refusalError
	other := bytes.Replace(expected, []byte(sp.Version), []byte("9.9.9"), 1)
	for _, described := range [][]byte{nil, []byte("{}"), expected[:len(expected)-3], other} {
		if err := checkDescription(sp, described, expected); !errors.As(err, &refusal) {
			t.Errorf("%.40q…: got %v", described, err)
		}
	}
	if err := checkDescription(sp, nil, nil); !errors.As(err, &refusal) {
		t.Errorf("nothing: got %v", err)
	}
}
