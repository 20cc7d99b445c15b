package auth

import "testing"

func TestEnvStore(t *testing.T) {
	s, err := OpenStore(StoreEnv, StoreOptions{Token: " CANARY-token\n", Domain: " https://DEV.eu.auth0.com/ "})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), "dev")
	if want := (Session{Profile: "dev", Domain: "dev.eu.auth0.com", Method: Given,
		AccessToken: "CANARY-token"}); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	wantNoCanary(t, s)
	wantNoCanary(t, got)
	if stamp := s.Stamp("dev"); stamp == "" || stamp != s.Stamp("dev") {
		t.Error("the stamp changes by itself")
	}
	for name, tt := range map[string]struct{ token, domain, want string }{
		"no token":  {" ", "dev.eu.auth0.com", "needs AUTH0_TOKEN"},
		"no domain": {"CANARY", " ", "AUTH0_DOMAIN is not"},
		"mixed up":  {"dev.eu.auth0.com", "CANARY.CANARY_.CANARY", "AUTH0_DOMAIN: the domain is not"},
		"a placeholder": {"${user_config.token}", "dev.eu.auth0.com",
			"AUTH0_TOKEN: it is the placeholder ${user_config.token}"},
		"in quotes":       {`"CANARY"`, "dev.eu.auth0.com", "AUTH0_TOKEN: it stands in quotation marks"},
		"an example":      {"CANARY", "YOUR_DOMAIN", "AUTH0_DOMAIN: it is the placeholder YOUR_DOMAIN"},
		"two lines":       {"CANARY\r\nX-Evil: 1", "dev.eu.auth0.com", "AUTH0_TOKEN"},
		"typographic end": {"CANARY…", "dev.eu.auth0.com", "AUTH0_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenStore(StoreEnv, StoreOptions{Token: tt.token, Domain: tt.domain})
			wantText(t, err, tt.want)
			wantNoCanary(t, err)
		})
	}
}
