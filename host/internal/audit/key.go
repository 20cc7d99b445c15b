package audit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
)

// hmac is the keyed hash of arguments; "" if there is no key. It is keyed because
// most arguments can be guessed: with a plain hash from an exported log one
// could try names, addresses and short secrets until one fits. The key stays in
// the folder.
func (c *chain) hmac(canonical []byte) string {
	if c.key == nil {
		c.key = makeKey(c.root)
	}
	return keyedHash(c.key, canonical)
}

func keyedHash(key, canonical []byte) string {
	if len(key) != keyBytes {
		return ""
	}
	h := hmac.New(sha256.New, key)
	h.Write(canonical)
	return hex.EncodeToString(h.Sum(nil))
}

// readKey is the key of the folder; nil if there is none that can be used.
func readKey(root *os.Root) []byte {
	f, err := root.Open(keyName)
	if err != nil {
		return nil
	}
	defer f.Close()
	key, err := io.ReadAll(io.LimitReader(f, keyBytes+1))
	if err != nil || len(key) != keyBytes {
		return nil
	}
	return key
}

// makeKey is readKey that makes one where there is none. The lock is held.
func makeKey(root *os.Root) []byte {
	if key := readKey(root); key != nil {
		return key
	}
	f, err := root.OpenFile(keyName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil
	}
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	_, err = f.Write(key)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = root.Remove(keyName)
		return nil
	}
	return key
}
