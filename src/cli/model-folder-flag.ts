/** The folder of `--dir`: where `pull` puts models, and from where the server offers them. */
export const DEFAULT_MODEL_FOLDER = "models";
