package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"
)

// MethodWrite is the Method of a Change that writes a file. Its Path is the root and the
// path below it, "project:src/.env"; its Body, Before and After are Files.
const MethodWrite = "WRITE"

// MethodRun is the Method of a Change that runs a tool which works outside of the tenant. Its Path is PLUGIN/TOOL,
// and its Body the arguments. What it does there is not known.
const MethodRun = "RUN"

// File is a file in a Change.
type File struct {
	// Folder is where the root is; in what is to be written only.
	Folder string `json:"folder,omitempty"`
	// Content is that of a text; of anything else Bytes and SHA256 stand for it.
	Content *string `json:"content,omitempty"`
	Bytes   int     `json:"bytes,omitempty"`
	SHA256  string  `json:"sha256,omitempty"`
	// Private is for its owner only.
	Private    bool `json:"private,omitempty"`
	Executable bool `json:"executable,omitempty"`
}

// EnvFile is an edit of an env file: the Body of a [MethodWrite] in place of a File. The rest of the file is neither
// shown nor kept, since it can hold secrets.
type EnvFile struct {
	// Folder is where the root is; in the Body only.
	Folder string `json:"folder,omitempty"`
	// Sets are the variables whose values are known, Puts those that get a secret, in words without the secret.
	Sets map[string]string `json:"sets,omitempty"`
	Puts []string          `json:"puts,omitempty"`
	// Replaces are those of both that have a value in the file, which is lost.
	Replaces []string `json:"replaces,omitempty"`
	// Bytes and State are of the file that is there: State is a keyed fingerprint of its content.
	Bytes   int    `json:"bytes,omitempty"`
	State   string `json:"state,omitempty"`
	Private bool   `json:"private,omitempty"`
}

// JSON is the edit as a Change has it.
func (f EnvFile) JSON() json.RawMessage {
	doc, _ := json.Marshal(f) //nolint:errchkjson // strings, numbers and booleans always encode
	return doc
}

// Set gives the file its content, whole if it is a text of at most most bytes.
func (f *File) Set(content []byte, most int) {
	if len(content) <= most && utf8.Valid(content) && bytes.IndexByte(content, 0) < 0 {
		text := string(content)
		f.Content = &text
		return
	}
	sum := sha256.Sum256(content)
	f.Bytes, f.SHA256 = len(content), hex.EncodeToString(sum[:])
}

// JSON is the file as a Change has it.
func (f File) JSON() json.RawMessage {
	doc, _ := json.Marshal(f) //nolint:errchkjson // strings, numbers and booleans always encode
	return doc
}

// WithoutFileContents is the plan without what is in the files that it replaces, for a
// reader who is not the user: their size stands for it. A digest would let the reader test guesses.
func (p Plan) WithoutFileContents() Plan {
	shown := Plan{Changes: make([]Change, len(p.Changes))}
	for i, c := range p.Changes {
		var before File
		isFile := c.Method == MethodWrite && json.Unmarshal(c.Before, &before) == nil
		if isFile && (before.Content != nil || before.SHA256 != "") {
			if before.Content != nil {
				before.Bytes = len(*before.Content)
			}
			before.Content, before.SHA256 = nil, ""
			c.Before = before.JSON()
		}
		shown.Changes[i] = c
	}
	return shown
}
