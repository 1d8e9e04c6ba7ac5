package ucum

// base are the units that all others come down to, in the order in which a
// Dimension names them. After them come the arbitrary units and the scales that
// convert to nothing.
var base = []string{"g", "m", "s", "K", "C", "cd", "rad"}

// alone are units of no other: "m" takes prefixes.
const alone = `
[iU]	m
[arb'U]
[USP'U]
[GPL'U]
[MPL'U]
[APL'U]
[beth'U]
[anti'Xa'U]
[todd'U]
[dye'U]
[smgy'U]
[bdsk'U]
[ka'U]
[knk'U]
[mclg'U]
[tb'U]
[CCID_50]
[TCID_50]
[EID_50]
[PFU]
[FFU]
[CFU]
[IR]
[BAU]
[AU]
[Amb'a'1'U]
[PNU]
[Lf]
[D'ag'U]
[FEU]
[ELU]
[EU]
[hp_X]
[hp_C]
[hp_M]
[hp_Q]
[kp_X]
[kp_C]
[kp_M]
[kp_Q]
[pH]
[hp'_X]
[hp'_C]
[hp'_M]
[hp'_Q]
[p'diop]
Np	m
B	m
B[SPL]	m
B[V]	m
B[mV]	m
B[uV]	m
`

// scales are temperatures: one is so many kelvin, and zero lies at another place.
var scales = map[string]struct{ metric, factor, offset string }{
	"Cel":    {"m", "1", "273.15"},
	"[degF]": {"", "5/9", "45967/180"}, // (t + 459.67) × 5/9
}

// atoms are the others: the code, whether it takes prefixes, and what it is.
const atoms = `
10*	-	10	1
10^	-	10	1
[pi]	-	3.1415926535897932384626433832795028841971693993751058209749445923	1
%	-	1	10*-2
[ppth]	-	1	10*-3
[ppm]	-	1	10*-6
[ppb]	-	1	10*-9
[pptr]	-	1	10*-12
mol	m	6.02214076	10*23
sr	m	1	rad2
Hz	m	1	s-1
N	m	1	kg.m/s2
Pa	m	1	N/m2
J	m	1	N.m
W	m	1	J/s
A	m	1	C/s
V	m	1	J/C
F	m	1	C/V
Ohm	m	1	V/A
S	m	1	Ohm-1
Wb	m	1	V.s
T	m	1	Wb/m2
H	m	1	Wb/A
lm	m	1	cd.sr
lx	m	1	lm/m2
Bq	m	1	s-1
Gy	m	1	J/kg
Sv	m	1	J/kg
deg	-	2	[pi].rad/360
'	-	1	deg/60
''	-	1	'/60
l	m	1	dm3
L	m	1	l
min	-	60	s
h	-	60	min
d	-	24	h
wk	-	7	d
a_t	-	365.24219	d
a_j	-	365.25	d
a_g	-	365.2425	d
a	-	1	a_j
mo_s	-	29.53059	d
mo_j	-	1	a_j/12
mo_g	-	1	a_g/12
mo	-	1	mo_j
t	m	1e3	kg
bar	m	1e5	Pa
u	m	1.66053906660e-24	g
[e]	m	1.602176634e-19	C
eV	m	1	[e].V
[g]	m	980665e-5	m/s2
atm	-	101325	Pa
gf	m	1	g.[g]
Gal	m	1	cm/s2
dyn	m	1	g.cm/s2
erg	m	1	dyn.cm
P	m	1	dyn.s/cm2
St	m	1	cm2/s
G	m	1e-4	T
Ci	m	37e9	Bq
R	m	2.58e-4	C/kg
RAD	m	100	erg/g
REM	m	1	RAD
[in_i]	-	254e-2	cm
[ft_i]	-	12	[in_i]
[yd_i]	-	3	[ft_i]
[mi_i]	-	5280	[ft_i]
[nmi_i]	-	1852	m
[kn_i]	-	1	[nmi_i]/h
[sin_i]	-	1	[in_i]2
[sft_i]	-	1	[ft_i]2
[cin_i]	-	1	[in_i]3
[ft_us]	-	1200	m/3937
[in_us]	-	1	[ft_us]/12
[gal_us]	-	231	[in_i]3
[qt_us]	-	1	[gal_us]/4
[pt_us]	-	1	[qt_us]/2
[gil_us]	-	1	[pt_us]/4
[foz_us]	-	1	[gil_us]/4
[fdr_us]	-	1	[foz_us]/8
[min_us]	-	1	[fdr_us]/60
[tbs_us]	-	1	[foz_us]/2
[tsp_us]	-	1	[tbs_us]/3
[cup_us]	-	16	[tbs_us]
[foz_m]	-	30	mL
[cup_m]	-	240	mL
[tsp_m]	-	5	mL
[tbs_m]	-	15	mL
[gal_br]	-	4.54609	l
[qt_br]	-	1	[gal_br]/4
[pt_br]	-	1	[qt_br]/2
[gil_br]	-	1	[pt_br]/4
[foz_br]	-	1	[gil_br]/5
[fdr_br]	-	1	[foz_br]/8
[gr]	-	64.79891	mg
[lb_av]	-	7000	[gr]
[lbf_av]	-	1	[lb_av].[g]
[oz_av]	-	1	[lb_av]/16
[dr_av]	-	1	[oz_av]/16
[stone_av]	-	14	[lb_av]
[pwt_tr]	-	24	[gr]
[oz_tr]	-	20	[pwt_tr]
[lb_tr]	-	12	[oz_tr]
[sc_ap]	-	20	[gr]
[dr_ap]	-	3	[sc_ap]
[oz_ap]	-	8	[dr_ap]
[lb_ap]	-	12	[oz_ap]
[oz_m]	-	28	g
[degR]	-	5	K/9
cal_[15]	m	4.18580	J
cal_[20]	m	4.18190	J
cal_m	m	4.19002	J
cal_IT	m	4.1868	J
cal_th	m	4.184	J
cal	m	1	cal_th
[Cal]	-	1	kcal_th
m[H2O]	m	980665e-5	kPa
m[Hg]	m	133.3220	kPa
[in_i'H2O]	-	1	m[H2O].[in_i]/m
[in_i'Hg]	-	1	m[Hg].[in_i]/m
[PRU]	-	1	mm[Hg].s/ml
[wood'U]	-	1	mm[Hg].min/L
[diop]	-	1	/m
[Ch]	-	1	mm/3
[drp]	-	1	ml/20
[hnsf'U]	-	1	1
[MET]	-	3.5	mL/min/kg
eq	m	1	mol
osm	m	1	mol
g%	m	1	g/dl
[S]	-	1	10*-13.s
[HPF]	-	1	1
[LPF]	-	100	1
kat	m	1	mol/s
U	m	1	umol/min
[IU]	m	1	[iU]
st	m	1	m3
Ao	-	0.1	nm
b	-	100	fm2
[psi]	-	1	[lbf_av]/[in_i]2
[NTU]	-	1	1
[FNU]	-	1	1
bit	m	1	1
By	m	8	bit
Bd	m	1	/s
`

// prefixes are powers of ten; a kibibyte is none.
var prefixes = map[string]int{
	"Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
	"d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}
