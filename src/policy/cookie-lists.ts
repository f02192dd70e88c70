// Owns the lists of cookies whose meaning is known. Names in any case, without `__Host-` and `__Secure-`; `*` stands for any
// characters. Sorted.

import { words } from "../http/message/pattern.ts";

/** Sessions, credentials and baskets: words of whole families, and names of frameworks and products that contain no such word. */
export const SESSION_COOKIES: readonly string[] = words(
  "*account* *api-key* *api_key* *apikey* *auth* *basket* *cart* *checkout* *credential* *csrf* *customer* *identity* " +
    "*jwt* *logged* *login* *member* *oidc* *openid* *passport* *passwd* *password* *saml* *secret* *sess *sess_* *sessid* " +
    "*session* *sid *signed* *signin* *sso* *ticket* *token* *user* *wishlist* *xsrf* .aspnet* .aspx* .dotnetnuke _*_key " +
    "__ac* __client __client_uat* _shibs* _t a_sess* adminhtml amplify* aspnet* bb_* bduss be_typo* catalyst* cfid clerk* " +
    "cognito* concrete5* connect.* contao_* craft* ctxs* dancer.* discourse* drupal.* ds dsr edd_* fastify* fbsr_* " +
    "fe_typo* firebase* flask form_key frontend gitea* gitlab* grafana* hanko hapi* horde* i_like_* ips4_* iron iron-* " +
    "kc_* keycloak_* koa.* koa:* li_at liap logto* ltpa* lucia* mantis* mellon* mod_* mojolicious mrhs* msis* mybb* " +
    "nextcloud* nsc_aaac nsc_tass nsc_tm* okta* ory_* pd-id* pd-s-* phpbb* phpmyadmin* plack* play_* pma* portalroles " +
    "prestashop-* rack.* roundcube* rtfa sails.* sb-* sentry-sc sentry-su seraph* sess* shibs* smfcookie* ssess* supabase* " +
    "svpn* symfony typo3* uid vbulletin* webvpn* woocommerce_* wordpress_* wp-postpass_* wp-settings-* wp_woocommerce_* " +
    "xf_* xs yii* zbx_* zitadel*",
);

/** Drafts and previews of frameworks and content systems: their pages are for an editor alone. */
export const PREVIEW_COOKIES: readonly string[] = words(
  "*draft* *edit_mode* *editmode* *preview* *visual-edit* __prerender_bypass _storyblok* admcmd_* cms-edit* contentful_* " +
    "cq-* cq_* epi-* io.prismic.* kentico* live-edit* optimizely_edit* sc_mode sitecore_* stedit* umb_* wcmmode* x-craft-*",
);

/** Read by scripts in the page and by the services behind them, never by the site's origin: analytics, advertising, chats, tests. */
export const TRACKER_COOKIES: readonly string[] = words(
  "1p_jar __adroll* __ar_v4 __attentive_* __eoi __gads __gpi __gpi_* __hs_* __hssc __hssrc __hstc __insp_* __kla_id " +
    "__lc_* __mp_opt_in_out_* __ph_opt_in_out_* __qca __stripe_mid __stripe_sid __tea_* __tea_session* __utm* __zlcmid " +
    "__zopim _an_uid _attn_* _au_1d _biz_* _br_uid* _branch_* _bti _cb* _cc_id _ce.* _chartbeat* _clck _clsk _conv_* _cs_c " +
    "_cs_cvars _cs_ex _cs_id _cs_mk _cs_s _dc_gtm_* _dd_s _derived_epik _dy* _dyjsession* _epik _et_coid _fbc _fbp " +
    "_fw_crm_v _ga _ga_* _gac_* _gaexp* _gat* _gcl_* _gd_session _gd_svisitor _gd_visitor _gid _grecaptcha _gz* _hj* " +
    "_hjabsolutesession* _hjsession* _hp2_* _hp5_* _landing_page _lc2_fpi* _lo_* _lr_* _ltk* _mcid _mkto_trk _omapp* " +
    "_opt_* _orig_referrer _parsely_* _parsely_session* _pin_unauth _pinterest_* _pk_* _pubcid* _pys* _qc* _rdt_* _sccbts " +
    "_schn _scid* _scor_uid _sctr _sfid_* _sharedid* _shopify_fs _shopify_m _shopify_s _shopify_sa_* _shopify_tm " +
    "_shopify_tw _shopify_y _sp_id* _sp_ses* _t_tests _tt_enable_cookie _ttclid _ttp _twclid _uc_* _uetmsclkid _uetsid* " +
    "_uetvid* _vis_opt_* _vwo* _ym_* _zitok ab.storage.* ab.storage.sessionid.* abtasty* abtastysession* adrum* " +
    "ai_authuser ai_session ai_user ajs_* amcv_* amcvs_* amp_* amp_token amplitude_* analytics_session_id* " +
    "analyticssynchistory anonchk at_check attntv_* bcookie bounceclientvisit* cebs* ceir cfz_* cfzs_* clid " +
    "crisp-client%2fsession* crisp-client* criteo_* cto_* demdex dmn_chk_* drift_aid drift_campaign_refresh drift_eid " +
    "driftt_aid driftt_eid driftt_sid dtcookie dtlatc dtpc dtsa econda* emetriq* emos* et_allow_cookies et_coid et_id " +
    "et_oi* et_scroll_depth evergage_* fpau fpgsid fpid fplc fs_lua fs_uid growthbook* hubspotutk i00 ide intercom-* " +
    "intercom-session-* ioam* ir_gbd ir_pi iutk kameleoon* kndctr_* last_pys* li_fat_id li_gc li_sugr lidc ln_or " +
    "mailchimp* matomo_ignore mbox mf_*-*-*-*-* mf_user mp_*_mixpanel mprtcl-* mtm_* muc_ads muid nid nmstat nragent nreum " +
    "obuid omseen* optimizely* optimizelysession* outbrain_* panoramaid* ph_*_posthog pi_opt_in* piwik_ignore poptin_* " +
    "pys_* pys_session* pys_start_session pystrafficsource qsi_* qsi_historysession rl_anonymous_id rl_group_id " +
    "rl_group_trait rl_page_init_* rl_session rl_trait rl_user_id rxec rxvisitor rxvt s_cc s_ecid s_fid s_getnewrepeat* " +
    "s_invisit* s_ips s_nr* s_plt* s_ppv* s_sq s_tp s_vi s_vnum* sailthru_* sbjs_* sbjs_session* sc_at statsig* t_gid " +
    "taboola* taboola_session* tawk* test_cookie tk_ai tk_lr tk_or tk_qs tk_r3d trc_cookie* ttcsid* twk_* usermatchhistory " +
    "utag_main* visitor_id1* visitor_id2* visitor_id3* visitor_id4* visitor_id5* visitor_id6* visitor_id7* visitor_id8* " +
    "visitor_id9* visitor_info1_live vuid wisepops* wt3_* wteid* wtsid* yandexuid ymex ysc yuidss",
);

/** Consent, load balancers, CDNs and their guards: an origin answers everybody alike whatever they say. */
export const HARMLESS_COOKIES: readonly string[] = words(
  "*ccpa* *consent* *cookie-banner* *cookie_banner* *cookiebanner* *cookiebar* *cookielaw* *gdpr* __cf_bm __cflb " +
    "__cfruid __cfseq* __cfwaitingroom __ddg* __gpp* _abck _cfuvid _iub_* _px _px2 _px3 _pxhd _pxvid accept_cookies " +
    "acceptcookies ak_bmsc aka_a2 akaalb_* akacd_* akavpau_* applicationgatewayaffinity applicationgatewayaffinitycors " +
    "arraffinity arraffinitysamesite aslbsa aslbsacors awsalb awsalbapp-* awsalbcors awsalbtg awsalbtgcors awselb " +
    "awselbcors axeptio_* axeptio_authorized* backend_id bigipserver* bm_* borlabs-cookie cc_cookie cf_chl_* cf_clearance " +
    "cf_ob_* cf_use_ob civiccookiecontrol cky-* cmapi_* cmplz_* cookie-agreed* cookie-notice* cookie-preferences " +
    "cookie_notice* cookie_optin cookie_policy* cookie_preferences cookiecontrol cookiefirst-* cookiepolicy* " +
    "cookies-accepted cookies_accepted cookies_enabled cookies_policy cookiesaccepted cookiescript* cookietest datadome " +
    "didomi_token dnt fccdcf fcnec gcilb gclb gpp gpp_sid haproxy* incap_ses_* ingresscookie iubenda* jroute kemp* klaro " +
    "last_visited_store lb lbid mage-cache-* mage-cache-sessid mage-messages mage-translation-* nlbi_* notice_behavior " +
    "notice_preferences nsc_esns nsc_vs* onetrust* optanon* osano_* private_content_version pxcts reese84 route " +
    "section_data_ids server_id serverid sl-* sl-session socs srv_id srvid sticky stickyid strata-epoch sucuri_* " +
    "tarteaucitron termly* testcookie truste.* ts01* tsa* uc_user_interaction us_privacy usprivacy viewed_cookie_policy " +
    "visid_incap_* wordpress_test_cookie x-ms-routing-name",
);
