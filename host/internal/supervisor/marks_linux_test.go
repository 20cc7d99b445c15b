package supervisor

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// TestMarks: a program is recognized by its marks to the byte, and only one that has the trusted digest is marked.
func TestMarks(t *testing.T) {
	m := newMarks()
	if m.mac == nil {
		t.Log("this processor has no instructions for marks")
		return
	}
	program := make([]byte, 2*markedBlock+100)
	for i := range program {
		program[i] = byte(i>>8 + i/markedBlock)
	}
	sp := Spec{Digest: sha256.Sum256(program)}
	recognized := func(m *marks, content []byte) bool {
		t.Helper()
		known, err := m.recognize(sp.Digest, bytes.NewReader(content))
		if err != nil {
			t.Error(err)
		}
		return known
	}
	if recognized(m, program) {
		t.Error("it was recognized before it was marked")
	}
	var digest *digestError
	if err := m.check(sp, bytes.NewReader(program[1:])); !errors.As(err, &digest) {
		t.Errorf("another program was marked: %v", err)
	}
	if recognized(m, program[1:]) {
		t.Error("a program without the trusted digest was recognized")
	}
	if err := m.check(sp, bytes.NewReader(program)); err != nil {
		t.Fatal(err)
	}
	if !recognized(m, program) {
		t.Error("it was not recognized")
	}
	exchanged := bytes.Join([][]byte{program[markedBlock : 2*markedBlock], program[:markedBlock],
		program[2*markedBlock:]}, nil)
	others := map[string][]byte{"nothing": nil, "shortened": program[:len(program)-1],
		"a block": program[:markedBlock], "longer": append(bytes.Clone(program), 0), "blocks exchanged": exchanged}
	for _, at := range []int{0, markedBlock - 1, markedBlock, len(program) - 1} {
		changed := bytes.Clone(program)
		changed[at] ^= 1
		others[fmt.Sprintf("changed at %d", at)] = changed
	}
	for name, content := range others {
		if recognized(m, content) {
			t.Errorf("%s: it was recognized", name)
		}
	}
	if recognized(newMarks(), program) {
		t.Error("marks of another process were believed")
	}
	broken := io.MultiReader(bytes.NewReader(program[:markedBlock]), iotest.ErrReader(os.ErrClosed))
	if known, err := m.recognize(sp.Digest, broken); known || !errors.Is(err, os.ErrClosed) {
		t.Errorf("memory that cannot be read: %v, %v", known, err)
	}
}

// TestExpectedProgram: a program that was made ready is launched as it was, whatever becomes of its file, and is not
// kept for long. Later it is recognized, and refused if its file was changed.
func TestExpectedProgram(t *testing.T) {
	trusted, other := []byte("#!/bin/sh\nexit 9\n"), []byte("#!/bin/sh\nexit 8\n")
	path := filepath.Join(t.TempDir(), "plugin")
	sp := spec(t, "ok")
	sp.Path, sp.Digest = path, sha256.Sum256(trusted)
	if err := os.WriteFile(path, trusted, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		programs := newPrograms(slog.New(slog.DiscardHandler))
		opened := func() ([]byte, error) {
			t.Helper()
			program, err := programs.open(sp)
			if err != nil {
				return nil, err
			}
			defer program.release()
			return io.ReadAll(io.NewSectionReader(program.file, 0, 100))
		}
		changed := func(content []byte) {
			t.Helper()
			if err := overwrite(path, content); err != nil {
				t.Fatal(err)
			}
		}
		programs.expect(sp)
		changed(other)
		if content, err := opened(); err != nil || !bytes.Equal(content, trusted) {
			t.Errorf("what was made ready: %q, %v", content, err)
		}
		time.Sleep(expectedFor)
		synctest.Wait()
		if n := len(programs.copies); n != 0 {
			t.Errorf("%d programs are kept", n)
		}
		var digest *digestError
		if _, err := opened(); !errors.As(err, &digest) {
			t.Errorf("a changed program: %v", err)
		}
		changed(trusted)
		marked, err := programs.marks.recognize(sp.Digest, bytes.NewReader(trusted))
		if err != nil || marked != (programs.marks.mac != nil) {
			t.Errorf("marked: %v, %v", marked, err)
		}
		if content, err := opened(); err != nil || !bytes.Equal(content, trusted) {
			t.Errorf("the program again: %q, %v", content, err)
		}
		sp.Path += "2"
		programs.expect(sp) // says nothing: the launch will
		if n := len(programs.copies); n != 0 {
			t.Errorf("%d programs are kept that could not be made ready", n)
		}
		sp.Path = path
		for range 2 { // the second after the end
			programs.expect(sp)
			programs.close()
			if n := len(programs.copies); n != 0 {
				t.Errorf("%d programs are kept after the end", n)
			}
		}
	})
}
