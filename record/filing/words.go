package filing

import "carehold/record"

// wordSet is a list of words and phrases that ask for a section wherever a
// person would read them: in the display of a code, the text of a concept, the
// display of a reference, a title.
//
// A phrase matches at the start of a word and may go on ("depressi" is
// depression and depressive); with a trailing space it must end there ("hiv "
// is not hives). Words cost sharing when they are wrong and say so in the
// reason; a missing word costs a secret.
type wordSet struct {
	id      string
	section record.Section
	about   string
	words   []string
}

var wordSets = []wordSet{
	{"words:mental", record.MentalHealth, "mental health", []string{
		"depressi", "depressed", "dysthymi", "bipolar", "mania ", "manic ", "hypomani", "low mood", "mood disorder", "affective disorder",
		"schizo", "psychosis", "psychotic", "psychoses", "paranoi", "delusion", "hallucinat", "anxiety", "anxious", "panic disorder", "panic attack", "phobi", "agoraphobi",
		"claustrophobi", "obsessive compulsive", "ocd ", "post traumatic stress", "posttraumatic stress", "ptsd", "stress disorder", "adjustment disorder",
		"eating disorder", "anorexia nervosa", "bulimi", "binge eating", "personality disorder", "attention deficit", "adhd", "hyperkinetic",
		"dissociative", "somatoform", "conduct disorder", "kleptomani", "gambling", "self harm", "self injur", "self poison", "suicid", "parasuicid",
		"intentional overdose", "deliberate overdose", "mental health", "mental illness", "mental disorder", "mental state", "mentally ill", "psychiatr", "psycholog",
		"psychother", "psychogeriatr", "cognitive behavio", "cognitive and behavio", "behavioral health", "behavioural health", "electroconvulsive", "cmht ", "camhs ",
		"phq", "patient health questionnaire", "gad 7", "gad7", "edinburgh postnatal", "beck depression", "little interest or pleasure", "feeling down",
		"antidepress", "anti depress", "antipsychotic", "anti psychotic", "neuroleptic", "anxiolytic",
		"sertraline", "fluoxetine", "citalopram", "escitalopram", "paroxetine", "fluvoxamine", "venlafaxine", "desvenlafaxine", "duloxetine", "mirtazapine", "mianserin",
		"trazodone", "amitriptyline", "nortriptyline", "imipramine", "clomipramine", "dosulepin", "dothiepin", "lofepramine", "doxepin", "trimipramine", "desipramine",
		"phenelzine", "moclobemide", "tranylcypromine", "isocarboxazid", "agomelatine", "vortioxetine", "vilazodone", "reboxetine", "bupropion", "esketamine",
		"lithium", "quetiapine", "olanzapine", "risperidone", "paliperidone", "aripiprazole", "clozapine", "amisulpride", "sulpiride", "haloperidol", "chlorpromazine",
		"flupentixol", "flupenthixol", "zuclopenthixol", "fluphenazine", "trifluoperazine", "perphenazine", "pimozide", "ziprasidone", "lurasidone", "cariprazine",
		"brexpiprazole", "asenapine", "iloperidone", "thioridazine", "methylphenidate", "lisdexamfetamine", "dexamfetamine", "dextroamphetamine", "atomoxetine", "buspirone"}},
	{"words:sexual", record.SexualHealth, "sexual health", []string{
		"hiv ", "hiv1", "hiv2", "human immunodeficiency", "acquired immun", "aids related", "aids defining", "antiretroviral", "anti retroviral",
		"sexually transmitted", "sexual health", "sexual dysfunction", "sexual behavio", "sexual activity", "sexually active", "sexual orientation", "sexual history",
		"sexual partner", "sexuality", "psychosexual", "unprotected sex", "condom", "sex work", "prostitut", "libido", "erectile", "impotence", "vaginismus", "dyspareunia",
		"genitourinary medicine", "venereal", "chlamydia", "gonorrh", "gonococ", "neisseria gonorrh", "syphili", "treponema pallidum", "genital herpes", "genital wart",
		"anogenital wart", "condyloma", "trichomon", "chancroid", "lymphogranuloma",
		"contracep", "birth control", "family planning", "intrauterine device", "intrauterine system", "iud ", "vasectomy", "tubal ligation", "female sterili", "male sterili",
		"termination of pregnancy", "pregnancy termination", "abortion", "mifepristone", "infertil", "in vitro fertili",
		"gender identity", "gender dysphoria", "gender incongruence", "gender reassign", "transgender", "transsexual", "bisexual", "homosexual", "lesbian",
		"abacavir", "lamivudine", "zidovudine", "didanosine", "stavudine", "tenofovir", "emtricitabine", "efavirenz", "nevirapine", "rilpivirine", "etravirine",
		"doravirine", "dolutegravir", "bictegravir", "raltegravir", "elvitegravir", "cabotegravir", "darunavir", "atazanavir", "lopinavir", "ritonavir", "saquinavir",
		"fosamprenavir", "indinavir", "nelfinavir", "cobicistat", "maraviroc", "enfuvirtide", "truvada", "descovy", "biktarvy", "genvoya", "triumeq", "atripla",
		"levonorgestrel", "desogestrel", "etonogestrel", "norelgestromin", "drospirenone", "gestodene", "norgestimate", "mestranol", "ethinylestradiol",
		"ethinyl estradiol", "ulipristal", "medroxyprogesterone", "seasonique", "jolivette", "trinessa", "natazia", "norinyl", "ortho tri cyclen", "estrostep",
		"mirena", "kyleena", "liletta", "nexplanon", "nuvaring", "xulane", "depo provera", "camila 28", "errin 28", "yaz 28", "levora",
		"sildenafil", "tadalafil", "vardenafil", "avanafil"}},
	{"words:substance", record.SubstanceUse, "alcohol or drug use", []string{
		"alcohol abuse", "alcohol misuse", "alcohol depend", "alcohol use", "alcohol intake", "alcohol consum", "alcohol drink", "alcohol withdrawal", "alcohol intoxic",
		"alcohol problem", "alcohol and drug", "alcohol free", "alcohol screen", "alcohol history", "alcohol counsel", "alcohol detox", "alcohol induced", "alcohol service",
		"alcoholi", "type of alcohol", "use of alcohol", "history of alcohol", "heavy drink", "problem drink", "binge drink", "teetotal", "audit c",
		"drug abuse", "drug misuse", "drug depend", "drug addict", "drug use ", "drug user", "drug and alcohol", "drug detox", "drug rehab", "drugs of abuse",
		"illicit drug", "recreational drug", "intravenous drug", "injecting drug", "substance abuse", "substance misuse", "substance use", "substance depend",
		"substance induced", "addict", "opioid abuse", "opioid misuse", "opioid depend", "opioid use disorder", "opioid withdrawal", "opioid substit", "opiate abuse",
		"opiate misuse", "opiate depend", "opiate substit", "harmful use of", "heroin", "cocaine", "cannabis", "marijuana", "amphetamine", "methamphetamine", "mdma", "lsd ",
		"hallucinogen", "solvent abuse", "inhalant abuse", "needle exchange", "detoxification", "overdose", "dast 10",
		"methadone", "buprenorphine", "naltrexone", "disulfiram", "acamprosate", "nalmefene", "naloxone", "antabuse", "suboxone", "subutex"}},
	{"words:safeguarding", record.Safeguarding, "abuse or safeguarding", []string{
		"safeguard", "domestic abuse", "domestic violence", "intimate partner", "partner abuse", "sexual abuse", "sexually abused", "physical abuse", "physically abused",
		"emotional abuse", "psychological abuse", "financial abuse", "elder abuse", "child abuse", "adult abuse", "history of abuse", "victim of abuse", "risk of abuse",
		"abuse prevention", "child neglect", "self neglect", "neglect of child", "sexual assault", "rape ", "raped ", "assault", "non accidental injury",
		"nonaccidental injury", "maltreat", "battered", "coercive control", "honour based", "forced marriage", "genital mutilation", "fgm ", "modern slavery", "traffick",
		"sexual exploit", "child protection", "marac ", "violence", "violent", "perpetrator"}},
	{"words:private", record.Private, "a conviction or imprisonment", []string{
		"imprison", "in prison", "criminal conviction", "criminal record", "sex offender", "probation service"}},
}

// notMeant are phrases that hold one of the words and mean something else. They
// are taken out before looking.
var notMeant = []string{
	"respiratory depression", "st depression", "st segment depression", "marrow depression", "nervous system depression", "cns depression", "myocardial depression",
	"depressed skull", "depressed fracture", "depression fracture", "plateau depression", "depressed nasal", "tongue depress",
	"bipolar diatherm", "bipolar electro", "bipolar coag", "bipolar hemiarthro", "bipolar prosth", "bipolar hip", "bipolar lead", "bipolar pacing",
	"lithium heparin", "heparin lithium", "lithium batter", "lithium ion",
	"non alcoholic", "nonalcoholic", "avoid alcoholic", "alcoholic solution", "alcohol use precaution",
	"spontaneous abortion", "threatened abortion", "missed abortion", "inevitable abortion", "habitual abortion", "recurrent abortion",
	"chlamydia pneumoniae", "chlamydia psittaci", "chlamydophila",
	"buprenorphine transdermal", "nirmatrelvir and ritonavir", "nirmatrelvir ritonavir",
	"oxycodone and naloxone", "oxycodone naloxone",
	"home care or self care", "violent cough", "violent vomit",
}

// unless lists words that are only meant where another is not in the text.
var unless = map[string][]string{
	"buprenorphine": {"transdermal", "patch"}, // for pain
	"naloxone":      {"oxycodone"},            // for pain
	"ritonavir":     {"nirmatrelvir"},         // for COVID-19
	"sildenafil":    {"pulmonary", "revatio"},
	"tadalafil":     {"pulmonary", "adcirca"},
	"lithium":       {"heparin"}, // a blood tube
}
