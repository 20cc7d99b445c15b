package main

import "testing"

func TestOnlyAdds(t *testing.T) {
	const adds, other = `{"effect":"write","adds":true}`, `{"effect":"write"}`
	got, err := onlyAdds([]byte("POST /b/{id}/c\t" + adds + "\nPOST /b/{id}\t" + other + "\nPOST /a\t" + adds + "\n"))
	if want := "POST /a\nPOST /b/{}/c\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := onlyAdds([]byte("POST /b/{id}\t" + adds + "\nPOST /b/rotate\t" + other + "\n")); err == nil {
		t.Errorf("%q", got)
	}
	if got, err := onlyAdds([]byte("POST /b/{id}\t" + adds + "\nDELETE /b/rotate\t" + other + "\n")); err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
