//! The table of phrases that instruct a model, and of words that only speak about such phrases.
//!
//! A rule's words are where the search stops to look, so each phrase must begin with one of them. What the weights mean
//! is in `phrases.rs`; `docs/detectors.md` says how well the table does on the corpus in `testdata/sanitize`.

pub(crate) struct Rule {
    pub(crate) kind: &'static str,
    /// Negative for words that speak about injection.
    pub(crate) weight: i32,
    /// Words a phrase of this rule begins with, at least four bytes each, without a slash or a quote: JSON may escape those.
    pub(crate) words: &'static [&'static str],
    /// The phrase from its first letter on, in either case.
    pub(crate) pattern: &'static str,
}

const fn rule(
    kind: &'static str,
    weight: i32,
    words: &'static [&'static str],
    pattern: &'static str,
) -> Rule {
    Rule {
        kind,
        weight,
        words,
        pattern,
    }
}

const OVERRIDE: &str = "override";
const ROLE: &str = "role";
const MARKUP: &str = "markup";
const TOOL: &str = "tool_directive";
const SECRECY: &str = "secrecy";
const EXFILTRATION: &str = "exfiltration";
const PROMPT: &str = "prompt_leak";
const ADDRESS: &str = "addressed_to_model";
const COMMAND: &str = "command";
const ABOUT: &str = "about_injection";

#[rustfmt::skip]
pub(crate) const RULES: &[Rule] = &[
    // What came before is to be set aside.
    rule(OVERRIDE, 10,
        &["ignore ", "ignoring ", "disregard", "forget ", "override ", "overlook ", "bypass ", "do not follow", "don't follow", "stop following", "stop obeying", "no longer follow", "discard ", "set aside ", "put aside ", "abandon ", "drop "],
        r"(ignor(e|ing)|disregard(ing)?|forget|override|overlook|bypass|discard|(set|put) aside|abandon|drop|do not follow|don't follow|stop (following|obeying)|no longer follow)\s+(\w+\s+){0,4}?(previous|prior|above|earlier|preceding|foregoing|former|your|system|original|initial|existing|safety|whatever)\s+(\w+\s+){0,3}?(instructions?|prompts?|rules|guidelines|guidance|directions|directives|commands|training|context|constraints|programming|orders|messages?|policies|restrictions|limitations|safeguards|filters|guardrails)"),
    rule(OVERRIDE, 10,
        &["ignore ", "disregard", "forget "],
        r"(ignore|disregard|forget)\s+(all |everything )?(of )?(the )?(text |content )?(above|previous|prior|preceding)( text| content| input| lines?)?\s*(,|and|then|instead|;|\.)\s*(\w+\s+){0,2}?(instead|say|write|do|tell|reply|respond|answer|output|print|call|run|send|give|act|just|only|follow|return|delete)"),
    rule(OVERRIDE, 8,
        &["previous ", "prior ", "earlier ", "old rules", "old instructions", "your instr", "your previous", "your rules", "your guidelines", "your restrictions", "existing "],
        r"(previous|prior|earlier|old|existing|your)\s+(\w+\s+){0,2}?(rules|instructions|guidelines|directives|restrictions|limitations|constraints)\s+(are|is|have|has|do|no longer)\s+(\w+\s+){0,2}?(cancel\w*|void|revoked|changed|replaced|superseded|suspended|lifted|invalid|apply|overridden|updated|obsolete)"),
    rule(OVERRIDE, 10,
        &["ignore ", "disregard", "forget "],
        r"(ignore|disregard|forget)\s+(everything|anything|all|whatever|what)\s+(\w+\s+){0,2}?(above|before|said|told|know|were|was|came|learned|been|have been|asked|asks|wants|requested)"),
    rule(OVERRIDE, 6,
        &["ignore ", "disregard", "forget ", "override ", "bypass "],
        r"(ignore|disregard|forget|override|bypass)\s+(all|any|every|other|these|those|the)\s+(\w+\s+){0,2}?(instructions?|rules|guidelines|prompts?|restrictions|safeguards|safety|directives|filters|policy|policies)"),
    rule(OVERRIDE, 7,
        &["new instruction", "updated instruction", "real instruction", "actual instruction", "revised instruction", "system override", "admin override", "priority override", "new directive", "new system prompt", "new task:"],
        r"((new|updated|real|actual|revised)\s+(system\s+)?(instructions?|directives?|prompt|task)\s*(:|are|follow|is)|(system|admin|priority)\s+override)"),
    rule(OVERRIDE, 10,
        &["vergiss alles", "ignoriere alles", "oublie tout", "oubliez tout", "ignore tout ce", "ignorez tout ce", "olvida todo", "olvide todo", "ignora todo", "esqueça tudo", "ignore tudo", "dimentica tutto", "ignora tutto", "vergeet alles", "забудь вс", "Забудь вс", "忘记一切", "忘掉", "忽略上面", "忽略以上", "すべて忘れ", "全て忘れ"],
        r"((vergiss|ignoriere) alles,? was|(oublie[rz]?|ignore[rz]?) tout ce|(olvid[ae]|ignora) todo lo (que|anterior)|(esqueça|ignore) tudo (o )?que|(dimentica|ignora) tutto (quello|ciò)|vergeet alles wat|забудь вс[её],? (что|предыдущ)|(忘记一切|忘掉|忽略(上面|以上)).{0,4}?(之前|以前|内容|提示|指令|规则|所有|系统)|(すべて|全て)忘れ(て|ろ))"),
    rule(OVERRIDE, 10,
        &["no sigas", "no siga ", "não siga", "non seguire", "ne suis pas", "ne suivez pas", "folge nicht", "befolge nicht", "volg niet"],
        r"(no sigas?|não siga|non seguire|ne (suis|suivez) pas|be?folge nicht|volg niet)\s+(\w+\s+){0,4}?(instrucciones|indicaciones|reglas|instruções|regras|istruzioni|regole|instructions|consignes|règles|anweisungen|regeln|instructies|regels)"),
    rule(OVERRIDE, 10,
        &["ignoriere", "ignorieren sie", "vergiss", "vergessen sie", "missachte", "missachten sie", "beachte nicht"],
        r"(ignorieren? sie|ignoriere?|vergiss|vergessen sie|missachte|missachten sie|beachte nicht)\s+(\w+\s+){0,4}?(vorherigen?|bisherigen?|obigen?|vorigen?|früheren?|vorangegangenen?|alle|deine|ihre|sämtliche)\s+(\w+\s+){0,3}?(anweisung|instruktion|befehl|regel|vorgabe|anordnung|richtlinie)\w*"),
    rule(OVERRIDE, 10,
        &["ignore", "oublie", "ne tiens pas compte", "ne tenez pas compte", "fais abstraction"],
        r"(ignore[rz]?|oublie[rz]?|ne (tiens|tenez) pas compte|fais abstraction)\s+(\w+\s+){0,3}?(instructions|consignes|directives|règles|ordres)\s+(\w+\s+){0,2}?(précédente?s?|antérieure?s?|initiales|ci-dessus|reçues|d'avant)"),
    rule(OVERRIDE, 10,
        &["ignora", "ignore ", "olvida", "olvide", "haz caso omiso", "descarta"],
        r"(ignora[rd]?|ignore|olvida|olvide|haz caso omiso de|descarta)\s+(\w+\s+){0,3}?(instrucciones|indicaciones|reglas|órdenes|directrices)\s+(\w+\s+){0,2}?(anteriores|previas|precedentes|recibidas|iniciales|del sistema)"),
    rule(OVERRIDE, 10,
        &["ignore ", "ignora", "esqueça", "desconsidere"],
        r"(ignore|ignora|esqueça|desconsidere)\s+(\w+\s+){0,3}?(instruções|orientações|regras|comandos|diretrizes)\s+(\w+\s+){0,2}?(anteriores|prévias|acima|recebidas|do sistema)"),
    rule(OVERRIDE, 10,
        &["ignora", "ignori", "dimentica", "trascura", "non seguire"],
        r"(ignora(te)?|ignori|dimentica(te)?|trascura|non seguire)\s+(\w+\s+){0,3}?(istruzioni|indicazioni|regole|comandi|direttive)\s+(\w+\s+){0,2}?(precedenti|ricevute|iniziali|di sistema|sopra)"),
    rule(OVERRIDE, 10,
        &["negeer", "vergeet"],
        r"(negeer|vergeet)\s+(\w+\s+){0,3}?(vorige|eerdere|voorgaande|bovenstaande|alle)\s+(\w+\s+){0,2}?(instructies|aanwijzingen|regels|opdrachten)"),
    rule(OVERRIDE, 10,
        &["zignoruj", "ignoruj", "zapomnij"],
        r"(z?ignoruj|zapomnij)\s+(\w+\s+){0,3}?(poprzedni\w*|wcześniejsz\w*|powyższ\w*|wszystkie|wszystkich)\s+(\w+\s+){0,2}?(instrukcj\w*|poleceni\w*|zasad\w*)"),
    rule(OVERRIDE, 10,
        &["игнорируй", "Игнорируй", "проигнорируй", "Проигнорируй", "забудь", "Забудь", "не обращай", "Не обращай", "не следуй", "Не следуй"],
        r"(про)?(игнорируй(те)?|забудь(те)?|не обращай(те)? внимания на|не следуй(те)?)\s+(\w+\s+){0,4}?(инструкци|указани|правил|команд|распоряжени)\w*"),
    rule(OVERRIDE, 10,
        &["忽略", "无视", "忘记", "忽視", "無視", "不要理会"],
        r"(忽略|无视|忘记|忽視|無視|不要理会).{0,12}?(之前|以前|以上|上面|先前|前面|所有|你的|系统|系統).{0,8}?(指令|指示|提示|规则|規則|说明|說明|命令)"),
    rule(OVERRIDE, 10,
        &["以前の", "これまでの", "上記の", "前の", "今までの", "すべての"],
        r"(以前|これまで|上記|前|今まで|すべて)の.{0,10}?(指示|命令|プロンプト|ルール|制約).{0,8}?(無視|忘れ(て|ろ|なさ)|従わない)"),
    rule(OVERRIDE, 10,
        &["이전", "위의", "앞의", "지금까지의", "모든"],
        r"(이전|위의|앞의|지금까지의|모든).{0,12}?(지시|명령|지침|프롬프트|규칙).{0,8}?(무시|잊)"),
    rule(OVERRIDE, 10,
        &["önceki", "Önceki", "yukarıdaki", "bütün", "tüm "],
        r"(önceki|yukarıdaki|bütün|tüm)\s+(\w+\s+){0,3}?(talimat|komut|kural|yönerge)\w*\s+(\w+\s+){0,2}?(yok say|unut|görmezden|dikkate alma)"),
    rule(OVERRIDE, 10,
        &["تجاهل", "انس "],
        r"(تجاهل|انس)\s+(\S+\s+){0,3}?(التعليمات|الأوامر|القواعد|الإرشادات)"),
    rule(OVERRIDE, 10,
        &["पिछले", "पूर्व", "सभी", "उपरोक्त"],
        r"(पिछले|पूर्व|सभी|उपरोक्त)\s+(\S+\s+){0,3}?(निर्देश|आदेश|नियम)\S*\s+(\S+\s+){0,3}?(अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल)"),

    // Who the model is to be.
    rule(ROLE, 10,
        &["you are now", "you're now", "act as", "pretend ", "from now on", "enter ", "switch to", "enable ", "activate "],
        r"((you are|you're) now|act as|pretend (to be|you are|that you)|from now on,? (you are|you're|act as)|enter|switch to|enable|activate)\s+(\w+\s+){0,3}?(dan\b|god mode|jailbr\w*|unrestricted|unfiltered|uncensored|unlimited ai|evil|sudo mode|no (rules|restrictions))"),
    rule(ROLE, 5,
        &["you are now", "you're now", "from now on", "pretend ", "starting now", "going forward"],
        r"((you are|you're) now (an?|the|in|my)\b|(from now on|starting now|going forward),? (you|your|respond|answer|only)|pretend (to be|you are|that you))"),
    rule(ROLE, 7,
        &["do anything now", "developer mode en", "developer mode ac", "developer mode is", "jailbreak mode", "dan mode", "no longer bound", "without any restrictions", "no ethical", "no restrictions", "free from all"],
        r"(do anything now|(developer|jailbreak|dan) mode (is )?(enabled|activated|on)|no longer bound|without any (ethical |moral |safety )?restrictions|no ethical|no (content )?restrictions|free from all)"),
    rule(ROLE, 7,
        &["du bist jetzt", "du bist nun", "tu es maintenant", "ahora eres", "eres ahora", "agora você é", "você agora é", "adesso sei", "теперь ты", "Теперь ты", "ты теперь", "Ты теперь", "你现在是", "从现在开始", "从现在起", "あなたは今", "今から"],
        r"(du bist (jetzt|nun)|tu es maintenant|ahora eres|eres ahora|agora você é|você agora é|adesso sei|теперь ты|ты теперь|你现在是|从现在(开始|起)|あなたは今|今から)"),

    // Marks of a conversation, where none should be.
    rule(MARKUP, 10,
        &["<|im_start", "<|im_end", "<|system", "<|assistant", "<|endoftext", "<|start_header", "<|eot_id"],
        r"<\|(im_start|im_end|system|assistant|endoftext|start_header_id|eot_id)\|?>"),
    rule(MARKUP, 10, &["<<SYS>>"], "<<SYS>>"),
    rule(MARKUP, 7, &["[INST]", "[SYSTEM]", "[system "], r"(\[INST\]|\[SYSTEM\]|\[system (message|prompt|note|override)\b[^\]]{0,40}\])"),
    rule(MARKUP, 6, &["system>", "system_prompt>", "system-prompt>", "system-reminder>", "assistant>"], r"(system|system[_-]prompt|system-reminder|assistant)>"),
    rule(MARKUP, 5, &["### system", "### instruction", "## system prompt", "SYSTEM:", "Assistant:", "### new instr"], r"(#{2,3} (system|instructions?|new instructions?)( prompt)?\s*:|SYSTEM:\s|Assistant:\s)"),
    rule(MARKUP, 7,
        &["<important", "<critical", "<mandatory", "<secret", "<hidden", "<instruction", "<urgent", "<admin"],
        r"<(important|critical|mandatory|secret|hidden|instructions?|urgent|admin)([_ -]?(instructions?|note|message|rule|override))?>"),

    // Which tools to call, and when.
    rule(TOOL, 5,
        &["before using", "before you use", "before calling", "before invoking", "prior to using", "whenever you", "when using this tool", "when calling this tool", "after using this tool", "after calling this tool", "every time you", "before answering", "before responding", "before any other"],
        r"((before|prior to|when|after) (you )?(us(e|ing)|call(ing)?|invok(e|ing)|answering|responding|any other)\s+(\w+\s+){0,2}?(tools?|function|user|question|anything|to)|(whenever|every time) you (use|call|invoke|run|send|read))"),
    rule(TOOL, 4,
        &["you must ", "you should always", "you have to", "always call", "always use", "first call", "immediately call", "immediately run", "must first"],
        r"((you )?(must|should always|have to)( also| always| first| now| immediately)* (call|use|invoke|run|read|send|include|pass|execute|add|set|access|open)\b|(always|first|immediately) (call|use|run|invoke) (the|this|my)\b)"),
    rule(TOOL, 5,
        &["first call", "first, call", "first run", "first invoke", "first use the", "first read", "first send", "also call", "then call", "now call", "always add", "always append", "always include"],
        r"((first,?|also|then|now) (call|run|invoke|read|send|use the)\b\s+[`']?\w+|always (add|append|include) )"),
    rule(TOOL, 4,
        &["call ", "invoke ", "execute ", "calling "],
        r"(call|invoke|execute|calling)\s+(the )?[`']?[a-z]+_[a-z_]+\b"),
    rule(TOOL, 6,
        &["do not use any other", "don't use any other", "do not call any other", "never use the other", "instead of the", "instead of using"],
        r"((do not|don't|never) (use|call) (any|the) other|instead of (using )?(the )?\w+ (tool|function),? (use|call))"),
    rule(TOOL, 6,
        &["call the ", "invoke the ", "use the ", "run the "],
        r"(call|invoke|use|run) the [`\x22']?\w{1,40}[`\x22']? (tool|function)\b.{0,60}?(with|to) .{0,40}?(delete|send|transfer|refund|password|token|secret|credential|all (files|records|users|rows)|attacker|external)"),

    // What a person is not to learn.
    rule(SECRECY, 8,
        &["do not mention", "do not tell", "do not inform", "do not reveal", "do not notify", "do not disclose", "do not show", "do not alert", "do not let", "don't mention", "don't tell", "don't inform", "don't reveal", "don't let", "never mention", "never tell", "never reveal", "never inform", "never disclose"],
        r"(do not|don't|never) (mention|tell|inform|reveal|notify|disclose|show|alert|let)\b.{0,60}?\b(user|users|human|anyone|anybody|operator|them|person|customer|reader|owner)\b"),
    rule(SECRECY, 6,
        &["do not mention", "don't mention", "never mention", "do not reveal", "don't reveal", "do not disclose", "don't disclose", "don't say anything", "say nothing", "don't ask for confirm", "do not ask for confirm", "without confirm", "without asking", "without review", "no confirmation", "skip confirm"],
        r"((do not|don't|never) (mention|reveal|disclose)\s+(it|this|that|these|anything)\b|don't say anything|say nothing (about|of|to)|(don't|do not) ask for confirm\w*|without (any )?(confirm\w*|asking( for)?|review\b|approval)|no confirmation|skip confirm\w*)"),
    rule(SECRECY, 8,
        &["without telling", "without informing", "without notifying", "without mentioning", "without asking", "without the user", "without alerting", "hide this", "keep this", "conceal ", "secretly ", "silently ", "the user must not", "the user should not", "the user does not need", "covertly"],
        r"(without (telling|informing|notifying|asking|alerting|mentioning)\b.{0,24}?(user|human|anyone|person|operator|it|this)\b|without the user('s)? (knowledge|knowing|noticing|seeing|consent)|(hide|keep|conceal) (this|it|that|these)\b.{0,30}?(from|secret|hidden)\b.{0,16}?(user|human|anyone|them)?|(secretly|silently|covertly) (send|add|include|forward|call|run|execute|copy|upload|read|append|insert)|the user (must|should|does) not (know|see|be told|need to know|be informed|notice))"),
    rule(SECRECY, 8,
        &["ohne den", "ohne dem", "sag dem", "sage dem", "erzähle dem", "verrate", "informiere den", "teile dem", "erwähne"],
        r"(ohne (den|dem) (benutzer|nutzer|anwender)|(sage? dem|erzähle dem|verrate|informiere den|teile dem|erwähne).{0,40}?(benutzer|nutzer|anwender)?.{0,24}?(nicht|nichts|niemandem))"),
    rule(SECRECY, 8,
        &["ne dis ", "ne dites", "ne mentionne", "ne révèle", "sans en informer", "sans informer", "sans prévenir", "no le digas", "no digas", "no informes", "no menciones", "no reveles", "sin informar", "sin decir", "não diga", "não informe", "não conte", "sem informar", "non dire", "non informare", "senza informare"],
        r"(ne (dis|dites|mentionnez?|révèlez?)|sans (en )?(informer|prévenir)|no (le )?(digas|informes|menciones|reveles)|sin (informar|decir)|não (diga|informe|conte)|sem informar|non (dire|informare)|senza informare).{0,60}?(utilisateur|usuario|usuário|utente)"),
    rule(SECRECY, 8,
        &["не говори", "Не говори", "не сообщай", "Не сообщай", "не рассказывай", "Не рассказывай", "не упоминай", "Не упоминай", "不要告诉", "不要告知", "不要让用户", "不要向用户", "ユーザーに", "사용자에게"],
        r"(не (говори|сообщай|рассказывай|упоминай)\w*.{0,60}?пользовател|不要(告诉|告知|让|向)(任何)?用户|ユーザーに(は)?.{0,12}?(言わない|知らせない|伝えない|教えない|言及しない|話さない)|사용자에게.{0,12}?(말하지|알리지))"),

    // What is to be carried out of the house.
    rule(EXFILTRATION, 10,
        &["send ", "forward ", "upload ", "transmit ", "exfiltrat", "e-mail ", "email ", "post ", "leak ", "submit ", "append ", "include ", "pass ", "copy ", "attach ", "encode "],
        r"(send|forward|upload|transmit|exfiltrate|e-?mail|post|leak|submit|append|include|pass|copy|attach|encode)\s+(?-s:.){0,70}?(passwords?|api[ _-]?keys?|tokens?|secrets|credentials?|ssh[ _-]keys?|id_rsa|\.env\b|private keys?|conversation|chat history|system prompt|environment variables|session cookies?|customer (data|records|list)|contacts|all (messages|emails|files))(?-s:.){0,50}?\b(to|at|in|as|into)\s+(https?:|[\w.+-]+@|[\w-]+\.(com|test|net|org|io|example|evil|xyz|dev)\b|the (sidenote|url|parameter|attacker|query|`)|an? (external|hidden)|this (address|url|number|endpoint)|\+\d)"),
    rule(EXFILTRATION, 10,
        &["forward every", "forward all", "forward each", "send every", "send all", "copy every", "bcc every", "bcc all"],
        r"(forward|send|copy|bcc)\s+(every|all|each)\s+(\w+\s+){0,2}?(e-?mails?|messages?|files?|documents?|data|records?|conversations?|chats?)\s+(?-s:.){0,40}?\b(to|at)\s+(https?:|[\w.+-]+@)"),
    rule(EXFILTRATION, 6,
        &["full conversation", "entire conversation", "whole conversation", "conversation history", "chat history", "full data dump", "entire database", "all credentials", "all secrets", "all environment"],
        r"((full|entire|whole) (conversation|database|chat)|(conversation|chat) history|full data dump|all (credentials|secrets|environment))"),
    rule(EXFILTRATION, 6,
        &["tell me the", "give me the", "with the api", "with the pass", "with the token", "reveal the", "show me the", "output the", "print the", "include its content", "include the content"],
        r"((tell|give|show) me|with|reveal|output|print|include)\s+(the|its)\s+(\w+\s+){0,3}?(passwords?|api[ _-]?keys?|tokens?|secrets?|credentials?|private key|contents?( in| to| as|\b.{0,30}?(passwd|\.env|\.ssh)))\b"),
    rule(EXFILTRATION, 7,
        &["exfiltrat", "leak the", "steal "],
        r"(exfiltrate|leak the|steal)\s+(?-s:.){0,60}?(data|keys?|tokens?|secrets?|credentials?|prompt|files?|history|passwords?)"),
    rule(EXFILTRATION, 10, &["](http"], r"\]\(https?://[^)\s]{1,120}[?&/][\w.-]{1,24}=(\{|<|\[|%7B|\$)"),
    rule(EXFILTRATION, 5,
        &["id_rsa", ".ssh", ".aws", "mcp.json", ".env file", ".npmrc", ".git-credentials", "environment variables"],
        r"(id_rsa|\.ssh|\.aws/credentials|mcp\.json|\.env file|\.npmrc|\.git-credentials|environment variables)"),
    rule(EXFILTRATION, 6,
        &["sidenote", "side note param", "hidden parameter", "as the parameter"],
        r"(sidenote|side note param|hidden parameter|as the parameter)"),
    rule(EXFILTRATION, 10,
        &["sende ", "schicke ", "leite ", "übermittle ", "envoie", "envoyez", "transmets", "envía", "envia", "manda ", "reenvía", "invia ", "enviar "],
        r"(sende|schicke|leite|übermittle|envoie|envoyez|transmets|envía|envia|manda|reenvía|invia|enviar)\s+(?-s:.){0,60}?(passw|schlüssel|zugangsdaten|token|api-?key|geheim|mots? de passe|clés?|jetons?|identifiants|secret|contraseña|claves?|credencial|senhas?|chaves?|credenzial|chiav)(?-s:.){0,60}?\s(an|nach|à|vers|a|al|para|ad)\s+\S{4}"),
    rule(EXFILTRATION, 10,
        &["отправь", "Отправь", "перешли", "Перешли", "пришли", "Пришли", "发送", "发到", "上传", "转发", "送信"],
        r"((отправь|перешли|пришли)\w*\s.{0,60}?(парол|ключ|токен|секрет|учётн|данны).{0,60}?\s(на|по|в)\s|(发送|发到|上传|转发).{0,20}?(密码|密钥|令牌|凭证|对话)|送信)"),
    rule(EXFILTRATION, 10,
        &["密码", "密钥", "令牌", "凭证", "パスワード", "トークン", "비밀번호"],
        r"((密码|密钥|令牌|凭证).{0,12}?(发送|发到|上传|转发)|(パスワード|トークン)を.{0,60}?(送信|送って|転送)|비밀번호.{0,60}?(보내|전송))"),

    // What the model was told in private.
    rule(PROMPT, 10,
        &["reveal ", "print ", "show ", "repeat ", "output ", "display ", "disclose ", "tell me", "give me", "leak ", "dump "],
        r"(reveal|print|show|repeat|output|display|disclose|tell|give|leak|dump)\s+(me |us |back )?(\w+\s+){0,2}?(your|the)\s+(\w+\s+){0,2}?(system prompt|system message|hidden prompt|initial prompt|initial instructions|hidden instructions|system instructions)"),
    rule(PROMPT, 8,
        &["repeat ", "what are your", "what were your", "print "],
        r"((repeat|print) (everything|all|the (text|words|content|lines)) (above|before)|what (are|were) your (\w+ )?(instructions|rules|guidelines))"),

    rule(PROMPT, 3, &["system prompt", "hidden prompt", "initial prompt"], r"(system|hidden|initial) prompt"),

    // Words for a model, in data for a person.
    rule(ADDRESS, 6,
        &["attention ", "note to ", "note for ", "message to ", "message for ", "instructions for ", "instruction for ", "instructions to ", "instruction to ", "reminder to ", "dear ", "hey ", "hello ", "notice to "],
        r"(attention|notes?|messages?|instructions?|reminder|notice|dear|hey|hello)[,:]?\s+((to|for)\s+)?((all|any|the|my|this)\s+)?(ai|llms?|language models?|(ai |llm )?assistants?|ai agents?|agents?|chatbots?|claude|gpt(-\d)?|chatgpt|copilot|gemini|ai models?|models?)\b\s*([:,.!—-]|reading|processing|that|who)"),
    rule(ADDRESS, 6,
        &["to the language model", "to the ai", "to the assistant", "to the llm", "to the model", "to the agent", "to any ai", "to all ai", "for agents", "for ai ", "for assistants", "for llms", "for the ai", "for the assistant", "for the agent", "for the language model"],
        r"(to|for) (the |any |all )?((ai|llm) )?(language models?|ais?|assistants?|llms?|models?|agents?)\s*(:|,|that|who|reading|processing|summari[sz]ing|parsing|analy[sz]ing|handling)"),
    rule(ADDRESS, 5, &["ai: ", "ai, ", "llm: ", "llm, ", "assistant,", "agent: ", "model: ", "claude,", "chatgpt,"], r"((ai|llm|agent|model|claude|chatgpt)[:,]|assistant,)\s"),
    rule(ADDRESS, 5,
        &["the developer", "the admin", "the owner", "the user has", "the user have", "your developer", "your creator", "we, the dev", "grant you", "grants you", "you are authori", "you have been authori", "i authori", "this is author"],
        r"((the|your) (developers?|admin(istrator)?s?|owners?|users?|creators?) (has|have) (already )?(authori[sz]ed|approved|consented|granted|allowed|permitted|instructed)|we,? the (developers|admin\w*)|grants? you (admin|full|root|unrestricted|special)|(you (are|have been)|i|this is) authori[sz]ed)"),
    rule(ADDRESS, 7,
        &["if you are a", "if you're a", "as an ai ", "as a language model", "any ai ", "ai agents ", "ai assistant", "ai model", "llms reading", "the assistant ", "the model ", "assistant must", "assistants must"],
        r"((if you are|if you're|as) an? (\w+ )?(ai|llm|large language model|language model|ai assistant|assistant|ai agent|automated agent|bot)\b.{0,40}?(,|reading|processing|you (must|should|have|need)|please)|(any |the )?(ai |llm )?(agents?|assistants?|models?|llms) (reading|processing|summari[sz]ing|must|should|has to) (this|always|now|first|also|call|send|reply|respond|ignore|obey|comply|only|immediately|output|say))"),
    rule(ADDRESS, 5,
        &["respond only", "reply only", "reply with", "respond with", "answer only", "your only", "your new", "your real", "your true", "your task is now", "your final answer"],
        r"((respond|reply|answer) (only|with)\b.{0,30}?(the (word|phrase)|the following|exactly|\x22|')|your (only|new|real|true) (task|goal|job|objective|purpose|role|instructions?|mission|directive)\b|your task is now|your final answer (must|should|is))"),

    // What is to be run.
    rule(COMMAND, 5,
        &["execute the following", "run the following", "execute this", "run this command", "run: ", "rm -rf", "curl ", "wget ", "powershell -"],
        r"((execute|run) (the following|this)\b.{0,24}?(command|code|script|shell|sql|query|:)|rm -rf [/~]|(curl|wget)\s+\S.{0,120}?\|\s*(ba|z)?sh\b|powershell -(e|enc|w)\w*\b)"),
    rule(COMMAND, 5,
        &["delete all", "drop table", "transfer all", "transfer $", "transfer the", "wire ", "refund all", "approve all", "approve it", "approve this", "grant admin", "disable the", "merge this", "transfer €"],
        r"(delete all (files|records|users|data|emails|the)|drop table|transfer (all|[$€]\d|the (full|entire|remaining))|wire [$€]?\d|refund all|approve (all|(it|this)\b.{0,24}?(without|immediately))|grant admin|disable the (firewall|safety|security|audit)|merge this (pr|pull request) (without|immediately))"),
    rule(COMMAND, 4, &["immediately", "this is mandatory", "this is an order", "this is required", "highest priority", "top priority", "this overrides", "these instructions override", "supersede"],
        r"(immediately|this is (mandatory|an order|required)|(highest|top) priority|(this|these instructions) overrides?|supersedes?)"),

    // Words that speak about injection.
    rule(ABOUT, -6,
        &["prompt injection", "prompt-injection", "injection attack", "attacker", "adversar", "for example", "such as", "phrases like", "e.g.", "jailbreaks", "vulnerab", "researchers", "red team", "red-team", "malicious", "phishing", "detector", "detects", "would say", "owasp", "z. b.", "angreifer", "par exemple", "attaquant", "por ejemplo", "atacante", "например", "злоумышлен", "例如", "攻击者", "攻撃者"],
        r"(prompt[ -]injection|injection attack|attackers?[^@.\w-]|adversar|for example|such as|phrases like|e\.g\.|jailbreaks|vulnerab|researchers|red[ -]team|malicious|phishing|detector|detects|would say|owasp|z\. b\.|angreifer|par exemple|attaquant|por ejemplo|atacante|например|злоумышлен|例如|攻击者|攻撃者)"),
];
