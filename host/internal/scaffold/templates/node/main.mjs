import { serve } from "./sdk/serve.mjs"; // first: it keeps what the others print off stdout
import { plugin } from "./grants.mjs";

serve(plugin);
