package redact

import (
	"strings"
	"testing"
)

// random has the characters of a token, n of them.
func random(alphabet string, n int) string {
	var out strings.Builder
	for i := range n {
		out.WriteByte(alphabet[(i*i*7+i*13+5)%len(alphabet)])
	}
	return out.String()
}

const (
	alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	hexa  = "0123456789abcdef"
)

// Secrets that are known by their names and shapes alone, whatever the operation is.
func TestKindsOfSecrets(t *testing.T) {
	const secret = "SECRET4711secretValue"
	for _, doc := range []string{
		// Names.
		`{"addons":{"azure_sb":{"sasKey":"SECRET"},"wams":{"masterkey":"SECRET"},"layer":{"privateKey":"SECRET"}}}`,
		`{"addons":{"azure_blob":{"storageAccessKey":"SECRET"},"sap_api":{"servicePassword":"SECRET"}}}`,
		`{"options":{"decryptionKey":"SECRET"}}`, `{"options":{"decryptionKey":{"key":"SECRET","cert":"c"}}}`,
		`{"options":{"signing_key":{"key":"SECRET"}}}`, `{"options":{"twilio_token":"SECRET","app_secret":"SECRET"}}`,
		`{"credentials":{"connectionString":"SECRET","smtp_pass":"SECRET","secretAccessKey":"SECRET"}}`,
		`{"sink":{"splunkToken":"SECRET","datadogApiKey":"SECRET","mixpanelServiceAccountPassword":"SECRET"}}`,
		`{"sink":{"segmentWriteKey":"SECRET","sumoSourceAddress":"SECRET","httpAuthorization":"SECRET"}}`,
		`{"skey":"SECRET","p12":"SECRET","server_key":"SECRET","server_credentials":"SECRET"}`,
		`{"aws_secret_access_key":"SECRET","auth_token":"SECRET"}`,
		`{"ticket":"SECRET","ticket_id":"SECRET","ticket_url":"SECRET","invitation_url":"SECRET"}`,
		`{"provisioning_ticket_url":"SECRET","password_reset_url":"SECRET","magic_link":"SECRET"}`,
		`{"device_code":"SECRET","user_code":"SECRET","recovery_code":"SECRET","recovery_codes":["SECRET"]}`,
		`{"password_hash":"SECRET","passwordHash":"SECRET","totp_secret":"SECRET"}`,
		`{"qs":{"code":"SECRET","link":"SECRET","ticket":"SECRET","id_token_hint":"SECRET"}}`,
		`{"SAMLResponse":"SECRET","wresult":"SECRET","client_assertion":"SECRET","code_verifier":"SECRET"}`,
		`{"jwks":{"keys":[{"kty":"oct","k":"SECRET"},{"kty":"EC","d":"SECRET"}]}}`,
		`{"Ocp-Apim-Subscription-Key":"SECRET","x-functions-key":"SECRET","Proxy-Authorization":"SECRET"}`,
		`{"wrapped_key":"SECRET","cname_api_key":"SECRET","hmacKey":"SECRET"}`,
		`{"messages":{"client_secret":"SECRET","password":"SECRET"}}`, `{"reset_password":"SECRET"}`,
		`{"password":"Not-a-label but a passphrase"}`, `{"api_key":"prefix {{x}} SECRET"}`,
		`{"headers":[{"header":"Authorization","value":"SECRET"},{"value":"SECRET","name":"x-api-key"}]}`,
		`{"env":[{"value":"SECRET","a":{"b":["{"]},"key" : "DB_PASSWORD"}]}`, `{"tokens":[{"id":"a","value":"SECRET"}]}`,
		`{"access_token":{"value":"SECRET"}}`, `{"cookies":[{"name":"a","value":"SECRET"}]}`,
		`{"custom_password_hash":{"algorithm":"pbkdf2","hash":{"value":"SECRET","encoding":"utf8"},"salt":{"value":"SECRET"}}}`,
		`{"x":"$2b$10$SECRET01234567890123456789012345678./0","manual_input_code":"SECRET","barcode_uri":"SECRET"}`,
		`{"x":"$6$rounds=5000$saltsalt$SECRETSECRET","y":"$pbkdf2-sha512$i=10000,l=64$c2FsdA==$SECRET=="}`,
		`{"x":"$scrypt$ln=15,r=8,p=1$c2FsdA$SECRET"}`,
		`{"x":"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$SECRET"}`, `{"x":"otpauth://totp/T:u?secret=SECRET&issuer=T"}`,
		`{"client_secret_2":"SECRET","apiToken1":"SECRET","my-passwords2":["SECRET"],"token_value":"SECRET","creds":"SECRET"}`,
		`{"m":"AUTH0_Client_Secret=SECRET"}`, `{"m":"export STRIPE_Secret_KEY='SECRET'\nDB_PASSWORD=\"SECRET\""}`,
		`{"m":"-----BEGIN EC PRIVATE KEY-----\rSECRETSECRET\rSECRET\r-----END EC PRIVATE KEY-----"}`,
		`{"m":"-----BEGIN PRIVATE KEY----- SECRETSECRET SECRETSECRET SECRET== -----END PRIVATE KEY-----"}`,
		`{"m":"https://x.webhook.office.com/webhookb2/a@b/IncomingWebhook/SECRET/c"}`,
		`{"x":"X-Api-Key: SECRET","y":"Cookie: a=b; auth0=SECRET; did=x"}`,
		// Links that grant access, in any text.
		`{"m":"open https://t.auth0.com/lo/reset?ticket=SECRET# now"}`,
		`{"m":"https://t.auth0.com/u/email-verification?ticket=SECRET"}`,
		`{"m":"https://app.example/?invitation=SECRET&organization=org_1"}`,
		`{"m":"https://app.example/callback?code=SECRET&state=x"}`,
		`{"m":"https://app.example/cb#access_token=SECRET&token_type=Bearer"}`,
		`{"m":"https://b.s3.amazonaws.com/f?X-Amz-Credential=AKI&X-Amz-Signature=SECRET"}`,
		`{"m":"https://x.blob.core.windows.net/f?sv=2021&sig=SECRET%3D"}`,
		`{"m":"https://t.auth0.com/activate?user_code=SECRET"}`,
		`{"m":"https://t/passwordless/verify?a=b&amp;verification_code=SECRET"}`,
		// Connection strings and headers.
		`{"m":"endpoint=https://x.communication.azure.com/;accesskey=SECRET=="}`,
		`{"m":"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=SECRET==;EndpointSuffix=x"}`,
		`{"m":"Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=SECRET="}`,
		`{"m":"Server=x;User Id=u;Pwd=SECRET;"}`, `{"m":"postgres://u:SECRET@h/d"}`, `{"m":"https://SECRETSECRET@github.com/x"}`,
		`{"m":"Authorization: Basic U0VDUkVUNDcxMXNlY3JldFZhbHVl"}`, `{"m":"authorization: bearer SECRET"}`,
		`{"m":"authorization: Bearer passphrase"}`, `{"m":"https://t/?ticket=passphrase"}`, `{"m":";Pwd=passphrase;"}`,
		`{"m":"aws_secret_access_key=SECRET"}`, `{"m":"{\"auth_token\": \"SECRET\" , cut"}`,
		`{"m":"{\"kty\":\"EC\", \"d\": \"SECRETSECRETSECRET\", cut"}`,
		`{"m":"-----BEGIN PRIVATE KEY-----SECRETSECRETSECRET==-----END PRIVATE KEY-----"}`,
		`{"m":"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\nSECRET\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----"}`,
		`{"m":"https://hooks.slack.com/services/T00/B00/SECRETSECRET"}`,
		`{"m":"discord.com/api/webhooks/123456789012/SECRETSECRET"}`,
		`{"m":"https://collectors.sumologic.com/receiver/v1/http/SECRET=="}`,
	} {
		doc = strings.ReplaceAll(doc, "SECRET", secret)
		got := clean(t, new(Redactor), doc)
		if strings.Contains(got, secret) || strings.Contains(got, "passphrase") || strings.Contains(got, "U0VDUkVU") {
			t.Errorf("%s is shown as %s", doc, got)
		}
	}
}

// A token of every vendor that has a shape is hidden in a text, alone, and where it begins and ends something.
func TestVendorsTokens(t *testing.T) {
	for name, token := range map[string]string{
		"GitHub": "ghp_" + random(alnum, 36), "GitHub, fine": "github_pat_" + random(alnum, 22) + "_" + random(alnum, 59),
		"GitLab": "glpat-" + random(alnum, 20), "Slack": "xoxb-123456789012-1234567890123-" + random(alnum, 24),
		"Slack, app": "xapp-1-A123-123-" + random(hexa, 64), "Stripe": "sk_live_" + random(alnum, 24),
		"Stripe, restricted": "rk_test_" + random(alnum, 24), "Stripe, webhook": "whsec_" + random(alnum, 32),
		"Google": "AIza" + random(alnum, 35), "Google, OAuth": "ya29." + random(alnum, 60),
		"Google, client": "GOCSPX-" + random(alnum, 28), "Google, refresh": "1//0" + random(alnum, 40),
		"AWS": "AKIA" + random(upper, 16), "AWS, temporary": "ASIA" + random(upper, 16),
		"SendGrid": "SG." + random(alnum, 22) + "." + random(alnum, 43), "Twilio": "SK" + random(hexa, 32),
		"Mailgun": "key-" + random(hexa, 32), "Mailgun, new": random(hexa, 32) + "-" + random(hexa, 8) + "-" + random(hexa, 8),
		"Mailchimp": random(hexa, 32) + "-us14", "Mandrill": "md-" + random(alnum, 22), "npm": "npm_" + random(alnum, 36),
		"PyPI": "pypi-" + random(alnum, 80), "Hugging Face": "hf_" + random(alnum, 34),
		"OpenAI": "sk-proj-" + random(alnum, 48), "Anthropic": "sk-ant-api03-" + random(alnum, 60),
		"DigitalOcean": "dop_v1_" + random(hexa, 64), "Shopify": "shpat_" + random(hexa, 32),
		"HubSpot": "pat-na1-" + random(hexa, 36), "Atlassian": "ATATT3" + random(alnum, 60),
		"New Relic": "NRAK-" + random(upper, 27), "Vault": "hvs." + random(alnum, 30),
		"Entra": "abc8Q~" + random(alnum, 33), "age": "AGE-SECRET-KEY-1" + random(upper, 58),
		"Auth0": "v1.M" + random(alnum, 60), "Resend": "re_" + random(alnum, 8) + "_" + random(alnum, 24), "JWT": jwt,
	} {
		for _, text := range []string{"%s", "a %s b", "(%s)", "x=%s;", "key: %s.", `"%s"`, "https://h/%s", "a\n%s\nb"} {
			doc := quoted(strings.Replace(text, "%s", token, 1))
			if got := clean(t, new(Redactor), doc); strings.Contains(got, token[len(token)/2:len(token)-1]) {
				t.Errorf("%s: %s is shown as %s", name, doc, got)
			}
		}
	}
}

// What looks like a secret and is none is shown as it is.
func TestWhatIsShown(t *testing.T) {
	cert := "-----BEGIN CERTIFICATE-----\\nMIIDGTCCAgGgAwIBAgIJbbkpsSWV1EFR\\n-----END CERTIFICATE-----"
	for _, doc := range []string{
		// Public keys, certificates, ids of keys.
		`{"signing_keys":[{"cert":"` + cert + `","pkcs7":"-----BEGIN PKCS7-----\nMIIDSAYJ\n-----END PKCS7-----","subject":"/CN=a"}]}`,
		`{"signingCert":"` + cert + `","public_key":"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"}`,
		`{"jwks":{"keys":[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx","e":"AQAB","x5c":["MIIC"]}]}}`,
		`{"credentials":[{"id":"cred_mMuz56jQ8PQww4wqQbH7S5","kid":"k","pem":"` + cert + `","thumbprint_sha256":"a1"}]}`,
		`{"sasKeyName":"RootManageSharedAccessKey","private_key_id":"4e7yYf0TKdyTLbVnpq2wLN6m","site_key":"6LeIxAcTAAAAAJ"}`,
		`{"accessKeyId":"AKIA` + random(upper, 16) + `","sid":"SK` + random(hexa, 32) + `","ikey":"DIXXXXXXXX"}`,
		`{"fingerprint":"b93611bf2cfdb64110c7aae1485718cc9385e151","kid":"iQnkSSWG-ycTKtSR7hdecoBK5PJ1XnJX--8cmUR5dQc"}`,
		// Labels, messages, settings.
		`{"login":{"password":{"label":"Password"}},"messages":{"password":"Your password","invalid-password":"Wrong"}}`,
		`{"translations":{"en":{"password":"Password","otp":"Your code, please"},"ja":{"password":"パスワード"}}}`,
		`{"label":"Enter your password","placeholder":{"password":"Mot de passe"},"name":"Reset my password"}`,
		`{"invalid_password":"That password is wrong","forgot-password":"Forgot your password?"}`,
		`{"passwordPolicy":"good","password_complexity_options":{"min_length":8},"secret_encoded":false}`,
		`{"token_endpoint_auth_method":"client_secret_post","token_dialect":"access_token","grant_types":["password"]}`,
		`{"next_page_token":"abc123def","bypass":"x","token_type":"Bearer","token_lifetime":86400}`,
		`{"customScripts":{"change_password":"function changePassword(email, newPassword, callback) {}"}}`,
		`{"rotation":{"refresh_token":{"rotation_type":"rotating"}},"country_code":"US","code":"exports.x = 1;"}`,
		`{"scopes":[{"value":"read:x","name":"Read","description":"token"}],"headers":[{"name":"Accept","value":"a1"}]}`,
		`{"details":{"accessedSecrets":["client_secret1"]},"permissions":[{"name":"read:client_secret","value":"v1"}]}`,
		`{"value":"plain1","nested":{"name":"Authorization"}}`, `{"options":[{"key":"a","value":"b1"}]}`,
		// Templates.
		`{"url":"https://x.example/?token=${event.secrets.TOKEN}&client_secret=${event.secrets.S}"}`,
		`{"headers":{"Authorization":"Bearer {{context.token}}","X-Api-Key":"{{ vault.key }}"}}`,
		`{"client_secret":"##CLIENT_SECRET##","smtp_pass":"@@SMTP_PASS@@","password":"${PASSWORD}"}`,
		`{"from":"{{ user.password_reset_ticket }}","access_token":"event.secrets.TOKEN"}`,
		`{"body":"client_secret={{client_secret}}&password=event.secrets.PASSWORD"}`,
		// Prose and code.
		`{"note":"Basic authentication is off; bearer authentication, Basic Authorization and bearer tokens are on"}`,
		`{"note":"use ?code=your-code and &token=placeholder, &ticket=your-ticket, ticket=ABC"}`,
		`{"code":"// Basic authentication\nconst token = event.secrets.TOKEN;\nreq.headers.authorization = 'Bearer ' + token;"}`,
		`{"code":"const url = 'https://x/?api_key=' + key; if (ticket) { sk_live = ghp_(npm_); re_ = md-1; }"}`,
		`{"code":"f('https://x/?api_key='+key+'&password='+p); my_client_secret='';"}`,
		`{"env":"AUTH0_CLIENT_SECRET=${SECRET}","x":"CLIENT_SECRET='{{secret}}'","sha256":"a1b2","oauth2":"x","level3":"y"}`,
		`{"m":"-----BEGIN PRIVATE KEY----- await fetch(url) -----END PRIVATE KEY-----"}`,
		`{"code":"let client_secret, password; fetch(url, { headers: { Authorization: auth } })"}`,
		`{"id":"6f9d7ec7-d1a5-41d5-9127-ab8a3efe11fb","log_id":"90020230314144709188593000000000000001223372037868840734"}`,
		`{"client_id":"tXObxxumnvL9Yy47AplBTdqKOwMhqBIJ","user_id":"auth0|5f7c8ec7c33c6c004bbafe82","org":"org_oPot6Eu8W3oyU7P"}`,
		`{"cb":["https://app.example/callback?tenant=a","com.example://h/cb","http://localhost:3000/callback"]}`,
	} {
		if got := clean(t, new(Redactor), doc); got != doc {
			t.Errorf("%s\nis shown as\n%s", doc, got)
		}
	}
}
