package forms

import "github.com/auth0-mcp/auth0-mcp/sdk"

// The types below are the schema of what a form may hold. What tells the variants
// apart is required; the rest that Auth0 demands it demands by itself: every
// required member would cost each session. Requests are made of
// the arguments as given, never of these types, so nothing here can be lost.

type createInput struct {
	Name         string                    `json:"name"`
	Messages     *messages                 `json:"messages,omitempty"`
	Languages    *languages                `json:"languages,omitempty"`
	Translations map[string]map[string]any `json:"translations,omitempty" jsonschema:"Per language." schema:"free"`
	Start        *start                    `json:"start,omitempty"`
	Nodes        []node                    `json:"nodes,omitempty"`
	Ending       *ending                   `json:"ending,omitempty"`
	Style        *style                    `json:"style,omitempty"`
}

type updateInput struct {
	ID           string                    `json:"id"`
	Name         string                    `json:"name,omitempty"`
	Messages     *messages                 `json:"messages,omitempty" schema:"null"`
	Languages    *languages                `json:"languages,omitempty" schema:"null"`
	Translations map[string]map[string]any `json:"translations,omitempty" jsonschema:"Per language." schema:"free,null"`
	Start        *start                    `json:"start,omitempty" schema:"null"`
	Nodes        []node                    `json:"nodes,omitempty" schema:"null"`
	Ending       *ending                   `json:"ending,omitempty" schema:"null"`
	Style        *style                    `json:"style,omitempty" schema:"null"`
}

type messages struct {
	Errors map[string]string `json:"errors,omitempty" jsonschema:"Text per code." schema:"free"`
	Custom map[string]string `json:"custom,omitempty" jsonschema:"Text per key." schema:"free"`
}

type languages struct {
	Primary string `json:"primary,omitempty"`
	Default string `json:"default,omitempty"`
}

type style struct {
	CSS     string `json:"css,omitempty"`
	Theme   string `json:"theme,omitempty"`
	Version string `json:"version,omitempty"`
}

// coordinates are whole in go-auth0's types; a fraction is left to Auth0 to judge,
// so that a form which has one can be sent back as it was read.
type coordinates struct {
	X float64 `json:"x,omitempty"`
	Y float64 `json:"y,omitempty"`
}

type start struct {
	HiddenFields []hiddenField `json:"hidden_fields,omitempty"`
	NextNode     string        `json:"next_node,omitempty"`
	Coordinates  *coordinates  `json:"coordinates,omitempty"`
}

type hiddenField struct {
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
}

type ending struct {
	Redirection *redirection `json:"redirection,omitempty"`
	AfterSubmit *afterSubmit `json:"after_submit,omitempty"`
	Coordinates *coordinates `json:"coordinates,omitempty"`
	ResumeFlow  *bool        `json:"resume_flow,omitempty"`
}

type redirection struct {
	Delay  *int   `json:"delay,omitempty"`
	Target string `json:"target,omitempty"`
}

type afterSubmit struct {
	FlowID string `json:"flow_id,omitempty"`
}

type node struct {
	ID          string       `json:"id"`
	Type        string       `json:"type" schema:"enum=STEP|ROUTER|FLOW"`
	Alias       string       `json:"alias,omitempty"`
	Coordinates *coordinates `json:"coordinates,omitempty"`
	Config      *nodeConfig  `json:"config,omitempty"`
}

// nodeConfig is the union of the configs of all types of nodes: nodeTypes says
// which members go with which.
type nodeConfig struct {
	NextNode   string      `json:"next_node,omitempty"`
	Components []component `json:"components,omitempty"`
	Rules      []rule      `json:"rules,omitempty"`
	Fallback   string      `json:"fallback,omitempty"`
	FlowID     string      `json:"flow_id,omitempty"`
}

type rule struct {
	ID    string `json:"id,omitempty"`
	Alias string `json:"alias,omitempty"`
	// Condition is an expression nested as deep as its author likes, which a
	// schema without references cannot say. Auth0's own schema leaves it open.
	Condition map[string]any `json:"condition,omitempty" jsonschema:"Operator and operands." schema:"free"`
	NextNode  string         `json:"next_node,omitempty"`
}

type component struct {
	ID        string           `json:"id"`
	Category  string           `json:"category" schema:"enum=FIELD|BLOCK|WIDGET"`
	Type      string           `json:"type" schema:"enum=TEXT|EMAIL|NUMBER|TEL|URL|DATE|BOOLEAN|CHOICE|DROPDOWN|CARDS|LEGAL|PASSWORD|FILE|PAYMENT|SOCIAL|CUSTOM|RICH_TEXT|HTML|IMAGE|DIVIDER|NEXT_BUTTON|PREVIOUS_BUTTON|JUMP_BUTTON|RESEND_BUTTON|RECAPTCHA|GMAPS_ADDRESS|AUTH0_VERIFIABLE_CREDENTIALS"`
	Label     string           `json:"label,omitempty"`
	Hint      string           `json:"hint,omitempty"`
	Required  *bool            `json:"required,omitempty"`
	Sensitive *bool            `json:"sensitive,omitempty"`
	Config    *componentConfig `json:"config,omitempty"`
}

// componentConfig is the union of the configs of all types of components:
// componentTypes says which members go with which.
type componentConfig struct {
	DefaultValue *sdk.OneOf[string, sdk.OneOf[float64, bool]] `json:"default_value,omitempty"`
	Placeholder  string                                       `json:"placeholder,omitempty"`
	Multiline    *bool                                        `json:"multiline,omitempty"`
	MinLength    *int                                         `json:"min_length,omitempty"`
	MaxLength    *int                                         `json:"max_length,omitempty"`
	MinValue     *float64                                     `json:"min_value,omitempty"`
	MaxValue     *float64                                     `json:"max_value,omitempty"`
	Format       string                                       `json:"format,omitempty" schema:"enum=DATE|TIME"`

	Options    *sdk.OneOf[[]option, booleanTexts] `json:"options,omitempty"`
	Multiple   *bool                              `json:"multiple,omitempty"`
	AllowOther *allowOther                        `json:"allow_other,omitempty"`
	HideLabels *bool                              `json:"hide_labels,omitempty"`

	CountryPicker *bool       `json:"country_picker,omitempty"`
	Strings       *telStrings `json:"strings,omitempty"`

	Hash          string `json:"hash,omitempty" schema:"enum=NONE|MD5|SHA1|SHA256|SHA512"`
	Complexity    *bool  `json:"complexity,omitempty"`
	NIST          *bool  `json:"nist,omitempty"`
	StrengthMeter *bool  `json:"strength_meter,omitempty"`

	Storage    *storage `json:"storage,omitempty"`
	Categories []string `json:"categories,omitempty" schema:"enum=AUDIO|VIDEO|IMAGE|DOCUMENT|ARCHIVE"`
	Extensions []string `json:"extensions,omitempty"`
	MaxSize    *int     `json:"maxSize,omitempty"`
	MaxFiles   *int     `json:"maxFiles,omitempty"`

	Provider    string         `json:"provider,omitempty" schema:"enum=STRIPE"`
	Charge      *charge        `json:"charge,omitempty"`
	Credentials *credentials   `json:"credentials,omitempty"`
	Customer    map[string]any `json:"customer,omitempty" jsonschema:"Stripe's." schema:"free"`
	Fields      *cardFields    `json:"fields,omitempty"`

	Schema map[string]any    `json:"schema,omitempty" jsonschema:"JSON schema." schema:"free"`
	Code   string            `json:"code,omitempty"`
	CSS    string            `json:"css,omitempty"`
	Params map[string]string `json:"params,omitempty" jsonschema:"For code." schema:"free"`

	Text     string       `json:"text,omitempty"`
	Content  string       `json:"content,omitempty"`
	Src      string       `json:"src,omitempty"`
	Position string       `json:"position,omitempty" schema:"enum=LEFT|CENTER|RIGHT"`
	Height   *float64     `json:"height,omitempty"`
	NextNode string       `json:"next_node,omitempty"`
	Style    *buttonStyle `json:"style,omitempty"`

	ActiveText    string   `json:"active_text,omitempty"`
	ButtonText    string   `json:"button_text,omitempty"`
	WaitingText   string   `json:"waiting_text,omitempty"`
	TextAlignment string   `json:"text_alignment,omitempty" schema:"enum=LEFT|CENTER|RIGHT"`
	FlowID        string   `json:"flow_id,omitempty"`
	MaxAttempts   *float64 `json:"max_attempts,omitempty"`
	WaitingTime   *float64 `json:"waiting_time,omitempty"`

	SiteKey        string   `json:"site_key,omitempty"`
	SecretKey      string   `json:"secret_key,omitempty"`
	APIKey         string   `json:"api_key,omitempty"`
	URL            string   `json:"url,omitempty"`
	Size           *float64 `json:"size,omitempty"`
	AlternateText  string   `json:"alternate_text,omitempty"`
	AccessToken    string   `json:"access_token,omitempty"`
	VerificationID string   `json:"verification_id,omitempty"`
	MaxWait        *float64 `json:"max_wait,omitempty"`
}

type option struct {
	Value    string `json:"value,omitempty"`
	Label    string `json:"label,omitempty"`
	ImageURL string `json:"image_url,omitempty"`
}

type booleanTexts struct {
	True  string `json:"true,omitempty"`
	False string `json:"false,omitempty"`
}

type allowOther struct {
	Enabled     *bool  `json:"enabled,omitempty"`
	Label       string `json:"label,omitempty"`
	Placeholder string `json:"placeholder,omitempty"`
}

type telStrings struct {
	FilterPlaceholder string `json:"filter_placeholder,omitempty"`
}

type storage struct {
	Type string `json:"type,omitempty" schema:"enum=MANAGED|CUSTOM"`
}

type charge struct {
	Type         string         `json:"type,omitempty" schema:"enum=ONE_OFF|SUBSCRIPTION"`
	OneOff       *oneOff        `json:"one_off,omitempty"`
	Subscription map[string]any `json:"subscription,omitempty" jsonschema:"Stripe's." schema:"free"`
}

type oneOff struct {
	Amount   sdk.OneOf[float64, string] `json:"amount,omitzero"`
	Currency string                     `json:"currency,omitempty" schema:"enum=AUD|CAD|CHF|EUR|GBP|INR|MXN|SEK|USD"`
}

type credentials struct {
	PublicKey  string `json:"public_key,omitempty"`
	PrivateKey string `json:"private_key,omitempty"`
}

type cardFields struct {
	CardNumber     *cardField `json:"card_number,omitempty"`
	ExpirationDate *cardField `json:"expiration_date,omitempty"`
	SecurityCode   *cardField `json:"security_code,omitempty"`
	Trustmarks     *bool      `json:"trustmarks,omitempty"`
}

type cardField struct {
	Label       string `json:"label,omitempty"`
	Placeholder string `json:"placeholder,omitempty"`
}

type buttonStyle struct {
	BackgroundColor string `json:"background_color,omitempty"`
}
